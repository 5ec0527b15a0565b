// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AdapterBase, DRAFT, PUBLISHED} from "./AdapterBase.sol";
import {StoredAdapter, StoredVersion} from "./AdapterStorage.sol";
import {DATANET_READING} from "./DatanetReading.sol";
import {MerkleTree} from "./MerkleTree.sol";
import {NATIVE_HOST, blobId} from "./NativeHost.sol";

/// @title The rows of a draft, and its publication
abstract contract AdapterRows is AdapterBase {
    uint256 private constant CHUNKS_PER_CALL = 3;
    uint256 private constant ROWS_PER_PAGE = 64;

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
