// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ACTIVE, AdapterBase, DEPRECATED, PAUSED} from "./AdapterBase.sol";
import {AdapterChallenges} from "./AdapterChallenges.sol";
import {AdapterDrafts} from "./AdapterDrafts.sol";
import {AdapterRows} from "./AdapterRows.sol";
import {StoredAdapter, StoredVersion, registryStorage} from "./AdapterStorage.sol";
import {books} from "./Money.sol";

/// @title The adapter registry, a second time: written from its interface, for tests
/// @notice Runs behind a Gate. Readable first; gas does not matter.
contract AdapterRegistry is AdapterDrafts, AdapterRows, AdapterChallenges {
    uint8 private constant BOND_RETURNED = 1;
    uint8 private constant OPEN_TO_ALL = 0;
    uint8 private constant LISTED = 1;
    uint256 private constant PAGE_ITEMS = 256;

    constructor(Parameters memory p) AdapterBase(p) {}

    // ---- ownership ----------------------------------------------------------------------------------------------

    function setMetadata(uint64 adapterId, string calldata licence, string calldata metadataCid) external {
        StoredAdapter storage adapter = owned(adapterId);
        checkText(licence, LICENCE_BYTES, false);
        checkText(metadataCid, CID_BYTES, true);
        adapter.licence = licence;
        adapter.metadataCid = metadataCid;
        emit MetadataSet(adapterId, licence, metadataCid);
    }

    function setAccessPolicy(uint64 adapterId, uint8 policy) external {
        StoredAdapter storage adapter = owned(adapterId);
        if (policy != OPEN_TO_ALL && policy != LISTED) revert InvalidPolicy(policy);
        adapter.accessPolicy = policy;
        emit AccessPolicySet(adapterId, policy);
    }

    function setAccess(uint64 adapterId, address account, uint40 untilBlock) external {
        owned(adapterId).access[account] = untilBlock;
        emit AccessSet(adapterId, account, untilBlock);
    }

    function transferAdapter(uint64 adapterId, address newOwner) external {
        StoredAdapter storage adapter = owned(adapterId);
        if (isSystem(newOwner)) revert InvalidOwner(newOwner);
        adapter.pendingOwner = newOwner;
        emit AdapterTransferStarted(adapterId, newOwner);
    }

    function acceptAdapter(uint64 adapterId) external {
        StoredAdapter storage adapter = existing(adapterId);
        if (adapter.pendingOwner != msg.sender) revert NotPendingOwner(msg.sender);
        address from = adapter.owner;
        adapter.owner = msg.sender;
        adapter.pendingOwner = address(0);
        emit AdapterTransferred(adapterId, from, msg.sender);
    }

    // ---- lifecycle ----------------------------------------------------------------------------------------------

    function topUpBond(uint64 adapterId) external payable returns (uint96) {
        StoredAdapter storage adapter = existing(adapterId);
        requireLiving(adapter);
        if (msg.value == 0) revert ZeroAmount();
        adapter.bondWei += uint96(msg.value);
        books().bondsWei += uint128(msg.value);
        emit BondAdded(adapterId, msg.value, adapter.bondWei);
        return adapter.bondWei;
    }

    function pause(uint64 adapterId) external {
        StoredAdapter storage adapter = owned(adapterId);
        if (statusOf(adapter) != ACTIVE) revert WrongStatus(statusOf(adapter));
        adapter.status = PAUSED;
        emit AdapterPaused(adapterId);
    }

    function unpause(uint64 adapterId) external {
        StoredAdapter storage adapter = owned(adapterId);
        if (statusOf(adapter) != PAUSED) revert WrongStatus(statusOf(adapter));
        adapter.status = ACTIVE;
        emit AdapterUnpaused(adapterId);
    }

    function deprecate(uint64 adapterId) external returns (uint40 bondReleaseBlock) {
        StoredAdapter storage adapter = owned(adapterId);
        requireLiving(adapter);
        requireUnchallenged(adapterId);
        bondReleaseBlock = thisBlock() + adapterExitBlocks;
        adapter.status = DEPRECATED;
        adapter.bondReleaseBlock = bondReleaseBlock;
        emit AdapterDeprecated(adapterId, bondReleaseBlock);
    }

    function releaseBond(uint64 adapterId) external returns (uint256 amountWei) {
        StoredAdapter storage adapter = existing(adapterId);
        amountWei = adapter.bondWei;
        if (statusOf(adapter) != DEPRECATED || amountWei == 0) revert WrongStatus(statusOf(adapter));
        if (block.number < adapter.bondReleaseBlock) revert BondLocked(adapter.bondReleaseBlock);
        adapter.bondWei = 0;
        creditBond(adapter.owner, BOND_RETURNED, adapterId, amountWei);
    }

    function setPrice(uint64 adapterId, Price calldata price) external returns (uint40 fromBlock) {
        StoredAdapter storage adapter = owned(adapterId);
        requireLiving(adapter);
        if (price.baseWei == 0) revert InvalidPrice();
        Price memory current = priceNow(adapter);
        bool rises = price.baseWei > current.baseWei || price.perThousandInputWei > current.perThousandInputWei
            || price.perThousandOutputWei > current.perThousandOutputWei;
        if (rises) {
            fromBlock = thisBlock() + priceRiseDelayBlocks;
            writePrices(adapter, current, price, fromBlock);
        } else {
            fromBlock = thisBlock();
            writePrices(adapter, price, Price(0, 0, 0), 0);
        }
        emit PriceSet(adapterId, price.baseWei, price.perThousandInputWei, price.perThousandOutputWei, fromBlock);
    }

    function writePrices(StoredAdapter storage adapter, Price memory price, Price memory next, uint40 nextBlock) private {
        adapter.baseWei = price.baseWei;
        adapter.perThousandInputWei = price.perThousandInputWei;
        adapter.perThousandOutputWei = price.perThousandOutputWei;
        adapter.nextBaseWei = next.baseWei;
        adapter.nextPerThousandInputWei = next.perThousandInputWei;
        adapter.nextPerThousandOutputWei = next.perThousandOutputWei;
        adapter.nextPriceBlock = nextBlock;
    }

    function priceNow(StoredAdapter storage a) private view returns (Price memory) {
        bool hasRisen = a.nextPriceBlock != 0 && block.number >= a.nextPriceBlock;
        if (hasRisen) return Price(a.nextBaseWei, a.nextPerThousandInputWei, a.nextPerThousandOutputWei);
        return Price(a.baseWei, a.perThousandInputWei, a.perThousandOutputWei);
    }

    // ---- views --------------------------------------------------------------------------------------------------

    function getAdapter(uint64 adapterId) external view returns (Adapter memory info) {
        StoredAdapter storage a = existing(adapterId);
        info.owner = a.owner;
        info.pendingOwner = a.pendingOwner;
        info.baseModelId = a.baseModelId;
        info.status = statusOf(a);
        info.accessPolicy = a.accessPolicy;
        info.depth = a.depth;
        info.version = currentVersion(a);
        info.newestVersion = a.newestVersion;
        info.bondWei = a.bondWei;
        info.bondReleaseBlock = a.bondReleaseBlock;
        info.licence = a.licence;
        info.metadataCid = a.metadataCid;
    }

    function getVersion(uint64 adapterId, uint32 version) external view returns (AdapterVersion memory info) {
        StoredVersion storage v = existingVersion(adapterId, version);
        info.status = statusOf(v);
        info.k = v.k;
        info.rank = v.rank;
        info.alpha = v.alpha;
        info.rowCount = v.rowCount;
        info.memberCount = v.memberCount;
        info.challengeEndBlock = v.challengeEndBlock;
        info.activeFromBlock = v.activeFromBlock;
        info.retiredBlock = v.retiredBlock;
        info.weightsHash = v.weightsHash;
        info.configHash = v.configHash;
        info.manifestHash = v.manifestHash;
        info.targetsHash = v.targetsHash;
        info.projectionSeed = v.projectionSeed;
        info.corpusRoot = v.corpusRoot;
        info.corpusChunks = v.corpusChunks;
        info.passagesRoot = v.passagesRoot;
        info.passages = v.passages;
        info.passageDims = v.passageDims;
        info.rowsRoot = v.rowsRoot;
        info.datanets = v.datanets;
    }

    function versionsOf(uint64 adapterId, uint32 start, uint32 count) external view returns (uint8[] memory statuses) {
        checkCount(count, 1, PAGE_ITEMS);
        StoredAdapter storage adapter = existing(adapterId);
        uint256 first = start == 0 ? 1 : start;
        uint256 last = first + count - 1;
        if (last > adapter.newestVersion) last = adapter.newestVersion;
        if (last < first) return statuses;
        statuses = new uint8[](last - first + 1);
        for (uint256 i = 0; i < statuses.length; i++) statuses[i] = statusOf(adapter.versions[uint32(first + i)]);
    }

    function parentsOf(uint64 adapterId) external view returns (Parent[] memory) {
        return existing(adapterId).parents;
    }

    function priceOf(uint64 adapterId)
        external
        view
        returns (Price memory price, Price memory nextPrice, uint40 nextFromBlock)
    {
        StoredAdapter storage a = existing(adapterId);
        price = priceNow(a);
        if (block.number < a.nextPriceBlock) {
            nextPrice = Price(a.nextBaseWei, a.nextPerThousandInputWei, a.nextPerThousandOutputWei);
            nextFromBlock = a.nextPriceBlock;
        }
    }

    function mayUse(uint64 adapterId, address account) external view returns (bool) {
        StoredAdapter storage adapter = registryStorage().adapters[adapterId];
        return adapter.status != 0 && block.number <= lastBlockOf(adapter, account);
    }

    function accessUntil(uint64 adapterId, address account) external view returns (uint40) {
        return lastBlockOf(existing(adapterId), account);
    }

    function lastBlockOf(StoredAdapter storage adapter, address account) private view returns (uint40) {
        bool always = adapter.accessPolicy == OPEN_TO_ALL || adapter.owner == account;
        return always ? type(uint40).max : adapter.access[account];
    }

    function isActive(uint64 adapterId) external view returns (bool) {
        StoredAdapter storage adapter = registryStorage().adapters[adapterId];
        return adapter.status == ACTIVE && statusOf(adapter) == ACTIVE;
    }

    function acceptsVersion(uint64 adapterId, uint32 version) external view returns (bool) {
        StoredAdapter storage adapter = registryStorage().adapters[adapterId];
        if (adapter.status != ACTIVE || version > adapter.newestVersion) return false;
        return statusOf(adapter.versions[version]) == ACTIVE;
    }
}
