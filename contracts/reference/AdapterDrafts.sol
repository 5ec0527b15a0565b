// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ACTIVE, AdapterBase, DRAFT, PUBLISHED, VERSION_DROPPED} from "./AdapterBase.sol";
import {StoredAdapter, StoredBaseModel, StoredRegistry, StoredVersion, registryStorage} from "./AdapterStorage.sol";
import {DATANET_READING} from "./DatanetReading.sol";
import {books} from "./Money.sol";

/// @title Base models and drafts
abstract contract AdapterDrafts is AdapterBase {
    uint256 private constant PARENTS = 4;
    uint256 private constant DEPTH = 8;
    uint256 private constant ROYALTY_BPS = 5000;
    uint256 private constant DATANETS = 8;
    uint16 private constant RANK = 1024;
    uint16 private constant PASSAGE_DIMS_MIN = 8;
    uint16 private constant PASSAGE_DIMS_MAX = 1024;

    // ---- base models --------------------------------------------------------------------------------------------

    function registerBaseModel(
        bytes32 onnxHash,
        bytes32 tokenizerHash,
        bytes32 profileHash,
        string calldata name,
        string calldata metadataCid
    ) external returns (uint64 baseModelId) {
        if (onnxHash == 0 || tokenizerHash == 0 || profileHash == 0) revert ZeroHash();
        checkText(name, NAME_BYTES, false);
        checkText(metadataCid, CID_BYTES, true);
        StoredRegistry storage r = registryStorage();
        bytes32 key = keccak256(abi.encode(onnxHash, tokenizerHash, profileHash));
        if (r.baseModelIds[key] != 0) revert BaseModelExists(r.baseModelIds[key]);
        baseModelId = ++r.baseModelCount;
        r.baseModelIds[key] = baseModelId;
        r.baseModels[baseModelId] =
            StoredBaseModel(msg.sender, thisBlock(), onnxHash, tokenizerHash, profileHash, name, metadataCid);
        emit BaseModelRegistered(baseModelId, msg.sender, onnxHash, tokenizerHash, profileHash, name, metadataCid);
    }

    function getBaseModel(uint64 baseModelId) external view returns (BaseModel memory) {
        if (!isBaseModel(baseModelId)) revert UnknownBaseModel(baseModelId);
        StoredBaseModel storage m = registryStorage().baseModels[baseModelId];
        return BaseModel(
            m.registrant, m.registeredBlock, m.onnxHash, m.tokenizerHash, m.profileHash, m.name, m.metadataCid
        );
    }

    function baseModelOf(bytes32 onnxHash, bytes32 tokenizerHash, bytes32 profileHash) external view returns (uint64) {
        return registryStorage().baseModelIds[keccak256(abi.encode(onnxHash, tokenizerHash, profileHash))];
    }

    function isBaseModel(uint64 baseModelId) private view returns (bool) {
        return baseModelId != 0 && baseModelId <= registryStorage().baseModelCount;
    }

    // ---- drafts -------------------------------------------------------------------------------------------------

    function createAdapter(AdapterDraft calldata draft) external payable returns (uint64 adapterId) {
        if (!isBaseModel(draft.baseModelId)) revert UnknownBaseModel(draft.baseModelId);
        if (draft.price.baseWei == 0) revert InvalidPrice();
        checkText(draft.licence, LICENCE_BYTES, false);
        checkText(draft.metadataCid, CID_BYTES, true);
        uint8 depth = checkParents(draft.parents);
        uint32 members = checkVersion(draft.version);
        checkBond(msg.value);

        adapterId = ++registryStorage().adapterCount;
        StoredAdapter storage adapter = registryStorage().adapters[adapterId];
        adapter.owner = msg.sender;
        adapter.baseModelId = draft.baseModelId;
        adapter.status = ACTIVE;
        adapter.depth = depth;
        adapter.bondWei = uint96(msg.value);
        adapter.baseWei = draft.price.baseWei;
        adapter.perThousandInputWei = draft.price.perThousandInputWei;
        adapter.perThousandOutputWei = draft.price.perThousandOutputWei;
        adapter.licence = draft.licence;
        adapter.metadataCid = draft.metadataCid;
        for (uint256 i = 0; i < draft.parents.length; i++) adapter.parents.push(draft.parents[i]);
        books().bondsWei += uint128(msg.value);

        emit AdapterCreated(
            adapterId, msg.sender, draft.baseModelId, depth, uint96(msg.value), draft.licence, draft.metadataCid
        );
        emit PriceSet(
            adapterId,
            draft.price.baseWei,
            draft.price.perThousandInputWei,
            draft.price.perThousandOutputWei,
            thisBlock()
        );
        addDraft(adapterId, adapter, draft.version, members);
    }

    function newVersion(uint64 adapterId, VersionDraft calldata draft) external payable returns (uint32 version) {
        StoredAdapter storage adapter = owned(adapterId);
        requireLiving(adapter);
        uint8 status = statusOf(adapter.versions[adapter.newestVersion]);
        if (status == DRAFT || status == PUBLISHED) revert VersionPending(adapter.newestVersion);
        uint32 members = checkVersion(draft);
        uint256 bondWei = adapter.bondWei + msg.value;
        checkBond(bondWei);

        adapter.bondWei = uint96(bondWei);
        books().bondsWei += uint128(msg.value);
        if (msg.value > 0) emit BondAdded(adapterId, msg.value, uint96(bondWei));
        adapter.currentVersion = currentVersion(adapter);
        return addDraft(adapterId, adapter, draft, members);
    }

    function dropDraft(uint64 adapterId) external returns (uint32) {
        (uint32 number, StoredVersion storage version) = newest(owned(adapterId), DRAFT);
        version.status = VERSION_DROPPED;
        emit DraftDropped(adapterId, number);
        return number;
    }

    function addDraft(uint64 adapterId, StoredAdapter storage adapter, VersionDraft calldata draft, uint32 members)
        private
        returns (uint32 number)
    {
        number = ++adapter.newestVersion;
        StoredVersion storage version = adapter.versions[number];
        version.status = DRAFT;
        version.k = draft.k;
        version.rank = draft.rank;
        version.alpha = draft.alpha;
        version.memberCount = members;
        version.corpusChunks = draft.corpusChunks;
        version.passages = draft.passages;
        version.passageDims = draft.passageDims;
        version.corpusRoot = draft.corpusRoot;
        version.passagesRoot = draft.passagesRoot;
        version.weightsHash = draft.weightsHash;
        version.configHash = draft.configHash;
        version.manifestHash = draft.manifestHash;
        version.targetsHash = draft.targetsHash;
        version.projectionSeed = draft.projectionSeed;
        for (uint256 i = 0; i < draft.datanets.length; i++) version.datanets.push(draft.datanets[i]);
        emit VersionDrafted(adapterId, number, draft.weightsHash, draft.manifestHash, draft.k, members);
    }

    function checkBond(uint256 bondWei) private view {
        if (bondWei < adapterBondWei) revert BondTooLow(bondWei, adapterBondWei);
    }

    /// @dev Parents ascend, are published and get a share. Returns the depth.
    function checkParents(Parent[] calldata parents) private view returns (uint8) {
        checkCount(parents.length, 0, PARENTS);
        uint64 previous = 0;
        uint256 totalBps = 0;
        uint256 depth = 0;
        for (uint256 i = 0; i < parents.length; i++) {
            Parent calldata p = parents[i];
            StoredAdapter storage parent = registryStorage().adapters[p.adapterId];
            bool exists = parent.status != 0;
            if (!exists || !isPublished(parent) || p.adapterId <= previous || p.royaltyBps == 0) {
                revert InvalidParent(p.adapterId);
            }
            previous = p.adapterId;
            totalBps += p.royaltyBps;
            if (depth <= parent.depth) depth = uint256(parent.depth) + 1;
        }
        if (totalBps > ROYALTY_BPS) revert RoyaltyTooHigh(totalBps);
        if (depth > DEPTH) revert LineageTooDeep(depth);
        return uint8(depth);
    }

    /// @dev Returns the number of members.
    function checkVersion(VersionDraft calldata d) private view returns (uint32) {
        bool hasHashes = d.weightsHash != 0 && d.configHash != 0 && d.manifestHash != 0;
        if (!hasHashes || d.targetsHash == 0 || d.projectionSeed == 0) revert ZeroHash();
        if (d.rank == 0 || d.rank > RANK) revert InvalidRank(d.rank);
        if (!isAllowedK(d.k)) revert InvalidK(d.k);
        checkTrees(d);
        return countMembers(d.datanets);
    }

    /// @dev A root comes with leaves, and leaves with a root.
    function checkTrees(VersionDraft calldata d) private pure {
        if ((d.corpusRoot == 0) != (d.corpusChunks == 0)) revert InvalidCorpus();
        if (d.passagesRoot == 0) {
            if (d.passages != 0 || d.passageDims != 0) revert InvalidPassages();
        } else {
            if (d.passages == 0) revert InvalidPassages();
            if (d.passageDims < PASSAGE_DIMS_MIN || d.passageDims > PASSAGE_DIMS_MAX) revert InvalidPassages();
        }
    }

    function countMembers(DatanetVersion[] calldata datanets) private view returns (uint32) {
        checkCount(datanets.length, 1, DATANETS);
        uint256 members = 0;
        for (uint256 i = 0; i < datanets.length; i++) {
            DatanetVersion calldata d = datanets[i];
            if (d.datanetId <= (i == 0 ? 0 : datanets[i - 1].datanetId)) revert DatanetsNotSorted();
            members += frozenMembers(d.datanetId, d.version);
            if (!DATANET_READING.hasAccess(d.datanetId, msg.sender)) revert NoAccess(d.datanetId);
        }
        if (members > rowsPerAdapterMax) revert TooManyRows(members, rowsPerAdapterMax);
        return uint32(members);
    }
}
