// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatanetRegistry} from "contracts/interfaces/IDatanetRegistry.sol";
import {ACTIVE, AdapterBase, DRAFT, PUBLISHED, VERSION_DROPPED} from "./AdapterBase.sol";
import {StoredAdapter, StoredBaseModel, StoredRegistry, StoredVersion, registryStorage} from "./AdapterStorage.sol";
import {DATANET_READING} from "./DatanetReading.sol";
import {MerkleTree} from "./MerkleTree.sol";
import {books} from "./Money.sol";
import {DATANET_ADDRESS, NATIVE_HOST, blobId} from "./NativeHost.sol";

/// @title Base models, drafts, their rows, and their publication
abstract contract AdapterDrafts is AdapterBase {
    uint256 private constant PARENTS = 4;
    uint256 private constant DEPTH = 8;
    uint256 private constant ROYALTY_BPS = 5000;
    uint256 private constant DATANETS = 8;
    uint16 private constant RANK = 1024;
    uint16 private constant PASSAGE_DIMS_MIN = 8;
    uint16 private constant PASSAGE_DIMS_MAX = 1024;
    uint256 private constant CHUNKS_PER_CALL = 3;
    uint256 private constant ROWS_PER_PAGE = 64;

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

    /// @dev Members of a version, which must be there and frozen.
    function frozenMembers(uint64 datanetId, uint32 version) private view returns (uint32) {
        try IDatanetRegistry(DATANET_ADDRESS).getVersion(datanetId, version) returns (
            IDatanetRegistry.Version memory info
        ) {
            if (info.frozen) return info.memberCount;
        } catch {}
        revert UnknownVersion(datanetId, version);
    }

    // ---- rows ---------------------------------------------------------------------------------------------------

    function appendRows(uint64 adapterId, uint32 startRow, bytes calldata rows) external returns (uint32 rowCount) {
        (uint32 number, StoredVersion storage version) = newest(owned(adapterId), DRAFT);
        if (startRow != version.rowCount) revert WrongStartRow(version.rowCount);
        uint32 count = countRows(version, rows.length);
        checkRows(version, startRow, count, rows);
        writeChunks(adapterId, number, version, count, rows);
        rowCount = startRow + count;
        version.rowCount = rowCount;
        emit RowsAppended(adapterId, number, startRow, count);
    }

    function writeChunks(
        uint64 adapterId,
        uint32 number,
        StoredVersion storage version,
        uint256 count,
        bytes calldata rows
    ) private {
        (uint256 rowBytes, uint256 rowsPerChunk) = sizesOf(version.k);
        uint256 chunk = version.rowCount / rowsPerChunk;
        for (uint256 from = 0; from < count; from += rowsPerChunk) {
            uint256 to = from + rowsPerChunk < count ? from + rowsPerChunk : count;
            NATIVE_HOST.writeBlob(chunkId(adapterId, number, chunk++), rows[from * rowBytes:to * rowBytes]);
        }
    }

    /// @dev Whole chunks, of which the last may be the draft's last and shorter.
    function countRows(StoredVersion storage version, uint256 length) private view returns (uint32) {
        (uint256 rowBytes, uint256 rowsPerChunk) = sizesOf(version.k);
        uint256 left = version.memberCount - version.rowCount;
        uint256 count = length / rowBytes;
        bool isRight = length % rowBytes == 0 && count > 0 && count <= left;
        if (!isRight || (count % rowsPerChunk != 0 && count != left)) {
            revert WrongChunkLength(length, (left < rowsPerChunk ? left : rowsPerChunk) * rowBytes);
        }
        uint256 chunks = (count + rowsPerChunk - 1) / rowsPerChunk;
        if (chunks > CHUNKS_PER_CALL) revert BoundExceeded(chunks, CHUNKS_PER_CALL);
        return uint32(count);
    }

    function checkRows(StoredVersion storage version, uint32 start, uint32 count, bytes calldata rows) private view {
        (uint256 rowBytes,) = sizesOf(version.k);
        for (uint32 i = 0; i < count; i++) checkRow(version, start + i, rows[i * rowBytes:(i + 1) * rowBytes]);
    }

    function checkRow(StoredVersion storage version, uint32 row, bytes calldata data) private view {
        uint256 scale = uint32(bytes4(data[:4]));
        uint256 largest = 0;
        uint256 squares = 0;
        for (uint256 i = 4; i < data.length; i++) {
            if (i + 32 <= data.length && bytes32(data[i:i + 32]) == 0) {
                i += 31; // a word of zeros
                continue;
            }
            int256 value = int8(uint8(data[i]));
            if (value == -128) revert InvalidRow(row);
            uint256 size = uint256(value < 0 ? -value : value);
            if (size > largest) largest = size;
            squares += size * size;
        }
        (uint32 recordCount, uint8 flags) = memberOf(version, row);
        bool isZero = scale == 0 && largest == 0;
        if (!isZero) {
            if (scale == 0 || largest < 64) revert InvalidRow(row);
            uint256 most = recordCount * rowNormPerRecord;
            if (scale * scale * squares > most * most) revert InvalidRow(row);
            if (flags != 0) revert RowMustBeZero(row);
        }
    }

    /// @dev Row j belongs to contribution j of the frozen versions, one version after the other.
    function memberOf(StoredVersion storage version, uint32 row) private view returns (uint32, uint8) {
        uint32 index = row;
        for (uint256 i = 0; i < version.datanets.length; i++) {
            DatanetVersion storage d = version.datanets[i];
            uint32 members = frozenMembers(d.datanetId, d.version);
            if (index < members) return DATANET_READING.memberAt(d.datanetId, d.version, index);
            index -= members;
        }
        revert("a row without a member");
    }

    function getRows(uint64 adapterId, uint32 number, uint32 start, uint32 count) external view returns (bytes memory rows) {
        checkCount(count, 1, ROWS_PER_PAGE);
        StoredVersion storage version = existingVersion(adapterId, number);
        for (uint256 row = start; row < uint256(start) + count && row < version.rowCount; row++) {
            rows = bytes.concat(rows, rowAt(adapterId, number, version.k, row));
        }
    }

    function rowAt(uint64 adapterId, uint32 number, uint16 k, uint256 row)
        private
        view
        returns (bytes memory)
    {
        (uint256 rowBytes, uint256 rowsPerChunk) = sizesOf(k);
        bytes memory chunk = NATIVE_HOST.readBlob(address(this), chunkId(adapterId, number, row / rowsPerChunk));
        return sliceOf(chunk, (row % rowsPerChunk) * rowBytes, rowBytes);
    }

    function sliceOf(bytes memory data, uint256 start, uint256 length) private pure returns (bytes memory part) {
        require(start + length <= data.length);
        part = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), start), length)
        }
    }

    function chunkId(uint64 adapterId, uint32 number, uint256 chunk) private pure returns (bytes32) {
        uint256[] memory keys = new uint256[](3);
        (keys[0], keys[1], keys[2]) = (adapterId, number, chunk);
        return blobId("openledger.blob.Rows", keys);
    }

    // ---- publication --------------------------------------------------------------------------------------------

    function publish(uint64 adapterId, bytes32 rowsRoot) external returns (uint32 number, uint40 challengeEndBlock) {
        StoredAdapter storage adapter = owned(adapterId);
        StoredVersion storage version;
        (number, version) = newest(adapter, DRAFT);
        if (version.rowCount != version.memberCount) revert RowsIncomplete(version.rowCount, version.memberCount);
        bytes32 computed = rootOfRows(adapterId, number, version);
        if (computed != rowsRoot) revert RowsRootMismatch(computed);
        challengeEndBlock = thisBlock() + challengeWindowBlocks;
        version.status = PUBLISHED;
        version.rowsRoot = rowsRoot;
        version.challengeEndBlock = challengeEndBlock;
        activateFrom(adapter, version, challengeEndBlock);
        emit VersionPublished(adapterId, number, rowsRoot, challengeEndBlock);
    }

    function rootOfRows(uint64 adapterId, uint32 number, StoredVersion storage version) private view returns (bytes32) {
        bytes[] memory leaves = new bytes[](version.rowCount);
        for (uint256 row = 0; row < leaves.length; row++) leaves[row] = rowAt(adapterId, number, version.k, row);
        return MerkleTree.rootOf(leaves);
    }
}
