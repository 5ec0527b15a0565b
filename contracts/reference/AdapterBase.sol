// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterRegistry} from "contracts/interfaces/IAdapterRegistry.sol";
import {IDatanetRegistry} from "contracts/interfaces/IDatanetRegistry.sol";
import {StoredAdapter, StoredVersion, registryStorage} from "./AdapterStorage.sol";
import {Money, books} from "./Money.sol";
import {DATANET_ADDRESS} from "./NativeHost.sol";
import {Text} from "./Text.sol";

// status of an adapter
uint8 constant NONE = 0;
uint8 constant DRAFT = 1;
uint8 constant PUBLISHED = 2;
uint8 constant ACTIVE = 3;
uint8 constant PAUSED = 4;
uint8 constant DEPRECATED = 5;
uint8 constant REFUTED = 6;

// status of a version, beside 1 draft, 2 published and 3 active
uint8 constant VERSION_RETIRED = 5;
uint8 constant VERSION_REFUTED = 6;
uint8 constant VERSION_DROPPED = 7;

// status of a challenge
uint8 constant WAITING = 1;
uint8 constant AUDIT_OPEN = 2;
uint8 constant ROWS_RIGHT = 3;
uint8 constant ROWS_REFUTED = 4;
uint8 constant UNDECIDED = 5;
uint8 constant TOO_FEW_AUDITORS = 6;

/// @title What the parts of the adapter registry share
abstract contract AdapterBase is IAdapterRegistry, Money {
    /// @notice The chain's parameters, by their names in genesis.
    struct Parameters {
        address stakingAddress;
        address treasuryAddress;
        uint32 rowsPerAdapterMax;
        uint16[] kAllowed; // 16 at most
        uint256 rowNormPerRecord;
        uint96 adapterBondWei;
        uint40 adapterExitBlocks;
        uint40 priceRiseDelayBlocks;
        uint40 challengeWindowBlocks;
        uint40 auditRevealBlocks;
        uint40 rowAuditCommitBlocks;
        uint8 auditCommittee;
        uint96 rowChallengeBondWei;
    }

    uint256 internal constant NAME_BYTES = 64;
    uint256 internal constant LICENCE_BYTES = 64;
    uint256 internal constant CID_BYTES = 128;

    uint32 internal immutable rowsPerAdapterMax;
    uint256 private immutable packedK;
    uint256 internal immutable rowNormPerRecord;
    uint96 internal immutable adapterBondWei;
    uint40 internal immutable adapterExitBlocks;
    uint40 internal immutable priceRiseDelayBlocks;
    uint40 internal immutable challengeWindowBlocks;
    uint40 internal immutable auditRevealBlocks;
    uint40 internal immutable rowAuditCommitBlocks;
    uint8 internal immutable auditCommittee;
    uint96 internal immutable rowChallengeBondWei;

    constructor(Parameters memory p) Money(p.stakingAddress, p.treasuryAddress) {
        rowsPerAdapterMax = p.rowsPerAdapterMax;
        rowNormPerRecord = p.rowNormPerRecord;
        adapterBondWei = p.adapterBondWei;
        adapterExitBlocks = p.adapterExitBlocks;
        priceRiseDelayBlocks = p.priceRiseDelayBlocks;
        challengeWindowBlocks = p.challengeWindowBlocks;
        auditRevealBlocks = p.auditRevealBlocks;
        rowAuditCommitBlocks = p.rowAuditCommitBlocks;
        auditCommittee = p.auditCommittee;
        rowChallengeBondWei = p.rowChallengeBondWei;
        uint256 packed = 0;
        for (uint256 i = 0; i < p.kAllowed.length; i++) packed |= uint256(p.kAllowed[i]) << (16 * i);
        packedK = packed;
    }

    function isAllowedK(uint16 k) internal view returns (bool) {
        if (k == 0) return false;
        for (uint256 i = 0; i < 16; i++) if (uint16(packedK >> (16 * i)) == k) return true;
        return false;
    }

    function thisBlock() internal view returns (uint40) {
        return uint40(block.number);
    }

    function existing(uint64 adapterId) internal view returns (StoredAdapter storage adapter) {
        adapter = registryStorage().adapters[adapterId];
        if (adapter.status == NONE) revert UnknownAdapter(adapterId);
    }

    function owned(uint64 adapterId) internal view returns (StoredAdapter storage adapter) {
        adapter = existing(adapterId);
        if (adapter.owner != msg.sender) revert NotOwner(msg.sender);
    }

    function existingVersion(uint64 adapterId, uint32 version) internal view returns (StoredVersion storage) {
        StoredAdapter storage adapter = existing(adapterId);
        if (version == 0 || version > adapter.newestVersion) revert UnknownAdapterVersion(adapterId, version);
        return adapter.versions[version];
    }

    /// @dev An adapter that has ended takes no changes any more.
    function requireLiving(StoredAdapter storage adapter) internal view {
        if (adapter.status == DEPRECATED || adapter.status == REFUTED) revert WrongStatus(adapter.status);
    }

    /// @dev The newest version, which must have this status.
    function newest(StoredAdapter storage adapter, uint8 wanted)
        internal
        view
        returns (uint32 number, StoredVersion storage version)
    {
        requireLiving(adapter);
        number = adapter.newestVersion;
        version = adapter.versions[number];
        uint8 status = statusOf(version);
        if (status != wanted) revert WrongStatus(status);
    }

    function requireUnchallenged(uint64 adapterId) internal view {
        uint8 status = registryStorage().rowChallenges[adapterId].status;
        if (status == WAITING || status == AUDIT_OPEN) revert WrongChallengeStatus(adapterId, status);
    }

    /// @dev Active from `activeFromBlock` on, retired from `retiredBlock` on, without a transaction.
    function statusOf(StoredVersion storage version) internal view returns (uint8) {
        if (!isStarted(version)) return version.status;
        if (version.retiredBlock != 0 && block.number >= version.retiredBlock) return VERSION_RETIRED;
        return ACTIVE;
    }

    function isStarted(StoredVersion storage version) internal view returns (bool) {
        if (version.status != PUBLISHED || version.activeFromBlock == 0) return false;
        return block.number >= version.activeFromBlock;
    }

    /// @dev The version that new requests are for; zero before the first is active.
    function currentVersion(StoredAdapter storage adapter) internal view returns (uint32) {
        uint32 number = adapter.newestVersion;
        return isStarted(adapter.versions[number]) ? number : adapter.currentVersion;
    }

    function statusOf(StoredAdapter storage adapter) internal view returns (uint8) {
        if (adapter.status != ACTIVE) return adapter.status;
        if (currentVersion(adapter) != 0) return ACTIVE;
        return isPublished(adapter) ? PUBLISHED : DRAFT;
    }

    function isPublished(StoredAdapter storage adapter) internal view returns (bool) {
        return currentVersion(adapter) != 0 || adapter.versions[adapter.newestVersion].status == PUBLISHED;
    }

    /// @dev The version is current from a block on; the one before stays active for as long as a request may be
    /// outstanding.
    function activateFrom(StoredAdapter storage adapter, StoredVersion storage version, uint40 fromBlock) internal {
        version.activeFromBlock = fromBlock;
        retireBefore(adapter, fromBlock + priceRiseDelayBlocks);
    }

    function retireBefore(StoredAdapter storage adapter, uint40 retiredBlock) internal {
        uint32 before = adapter.currentVersion;
        if (before != 0) adapter.versions[before].retiredBlock = retiredBlock;
    }

    /// @dev Members of a version, which must be there and frozen.
    function frozenMembers(uint64 datanetId, uint32 version) internal view returns (uint32) {
        try IDatanetRegistry(DATANET_ADDRESS).getVersion(datanetId, version) returns (
            IDatanetRegistry.Version memory info
        ) {
            if (info.frozen) return info.memberCount;
        } catch {}
        revert UnknownVersion(datanetId, version);
    }

    /// @dev Bytes of a row, and rows of a chunk.
    function sizesOf(uint16 k) internal pure returns (uint256 rowBytes, uint256 rowsPerChunk) {
        rowBytes = 4 + uint256(k);
        rowsPerChunk = 24_575 / rowBytes;
    }

    function checkText(string memory text, uint256 maximum, bool mayBeEmpty) internal pure {
        uint256 length = bytes(text).length;
        if (length > maximum) revert BoundExceeded(length, maximum);
        if (length == 0 && !mayBeEmpty) revert InvalidText();
        if (Text.hasHidden(text)) revert InvalidText();
    }

    function checkCount(uint256 count, uint256 minimum, uint256 maximum) internal pure {
        if (count < minimum || count > maximum) revert BoundExceeded(count, maximum);
    }

    function creditBond(address account, uint8 reason, uint64 adapterId, uint256 amountWei) internal {
        books().bondsWei -= uint128(amountWei);
        credit(account, reason, adapterId, amountWei);
    }
}
