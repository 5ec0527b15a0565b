// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterRegistry} from "contracts/interfaces/IAdapterRegistry.sol";
import {IDatanetRegistry} from "contracts/interfaces/IDatanetRegistry.sol";
import {NATIVE_HOST, blobId} from "../NativeHost.sol";
import {
    ADAPTERS,
    BLOB_BYTES,
    CORRECTION_BLOB,
    DATANETS,
    PAGE_ITEMS,
    QUERY_BLOB,
    SCORE_BLOB,
    SUM_BLOB,
    TOMBSTONE_BLOB,
    minOf
} from "./AttributionBase.sol";
import {StoredWindow, root} from "./AttributionStorage.sol";
import {Remainders} from "./Remainders.sol";
import {Vectors} from "./Vectors.sol";

/// @title What windows are made of: sums, scores, members and tombstones
abstract contract WindowReading is Remainders {
    uint256 private constant ROWS_PER_PAGE = 64; // of the adapter registry
    uint256 private constant CHUNKS_PER_PIECE = 16;
    uint256 internal constant SCORE_BYTES = 16;
    uint256 private constant SCALE_BYTES = 4;

    /// @dev A window, and the version of the adapter that scores it.
    struct Closing {
        uint64 adapterId;
        uint64 windowIndex;
        uint32 version;
        uint256 k;
        uint256 rows; // to score, and as many members to pay
        IAdapterRegistry.DatanetVersion[] datanets;
    }

    function closingOf(uint64 adapterId, uint64 windowIndex) internal view returns (Closing memory) {
        uint32 version = root().windows[adapterId][windowIndex].version;
        IAdapterRegistry.AdapterVersion memory info = ADAPTERS.getVersion(adapterId, version);
        return Closing(adapterId, windowIndex, version, info.k, info.rowCount, info.datanets);
    }

    // ---- sums and scores ----------------------------------------------------------------------------------------

    /// @dev The weighted sum of the query rows that still count.
    function sumOf(Closing memory c, StoredWindow storage window) internal view returns (int256[] memory sum) {
        sum = new int256[](c.k);
        for (uint256 i = 0; i < window.batches; i++) {
            Vectors.add(sum, Vectors.decode(readBlob(numberedBlobId(SUM_BLOB, c, i)), 4), 1);
        }
        for (uint256 i = 0; i < window.corrections; i++) {
            bytes memory rows = readBlob(numberedBlobId(CORRECTION_BLOB, c, i));
            for (uint256 pos = 0; pos < rows.length; pos += 2 + c.k) {
                int256 weight = int256(Vectors.uintAt(rows, pos, 2));
                Vectors.add(sum, Vectors.decode(Vectors.slice(rows, pos + 2, c.k), 1), -weight);
            }
        }
    }

    function scoreRows(
        Closing memory c,
        int256[] memory query,
        uint256 start,
        uint256 count
    ) internal view returns (int256[] memory scores) {
        scores = new int256[](count);
        uint256 rowBytes = SCALE_BYTES + c.k;
        for (uint256 done = 0; done < count; done += ROWS_PER_PAGE) {
            uint256 inPage = minOf(ROWS_PER_PAGE, count - done);
            bytes memory page = ADAPTERS.getRows(c.adapterId, c.version, uint32(start + done), uint32(inPage));
            for (uint256 i = 0; i < inPage; i++) {
                int256 scale = int256(Vectors.uintAt(page, i * rowBytes, SCALE_BYTES));
                int256[] memory row = Vectors.decode(Vectors.slice(page, i * rowBytes + SCALE_BYTES, c.k), 1);
                scores[done + i] = scale * Vectors.dot(query, row);
            }
        }
    }

    /// @dev Rows whose scores share a blob.
    function rowsPerPiece(uint256 k) internal pure returns (uint256) {
        return minOf((BLOB_BYTES / (SCALE_BYTES + k)) * CHUNKS_PER_PIECE, BLOB_BYTES / SCORE_BYTES);
    }

    /// @dev Of rows from `start` to `end`, which are scored.
    function storedScores(
        Closing memory c,
        uint256 start,
        uint256 end
    ) internal view returns (int256[] memory scores) {
        if (start >= end) return scores;
        scores = new int256[](end - start);
        uint256 perPiece = rowsPerPiece(c.k);
        for (uint256 piece = start / perPiece; piece * perPiece < end; piece++) {
            int256[] memory stored = Vectors.decode(readBlob(scoreBlobId(c, piece)), SCORE_BYTES);
            for (uint256 i = 0; i < stored.length; i++) {
                uint256 row = piece * perPiece + i;
                if (row >= start && row < end) scores[row - start] = stored[i];
            }
        }
    }

    // ---- members ------------------------------------------------------------------------------------------------

    /// @dev Row j is of member j of the Datanets' versions, one after the other.
    function membersOf(Closing memory c) internal view returns (IDatanetRegistry.Member[] memory members) {
        members = new IDatanetRegistry.Member[](c.rows);
        uint256 index = 0;
        for (uint256 i = 0; i < c.datanets.length; i++) {
            (uint64 datanetId, uint32 version) = (c.datanets[i].datanetId, c.datanets[i].version);
            uint256 count = DATANETS.getVersion(datanetId, version).memberCount;
            for (uint256 start = 0; start < count; start += PAGE_ITEMS) {
                IDatanetRegistry.Member[] memory page =
                    DATANETS.versionMembers(datanetId, version, uint32(start), uint32(PAGE_ITEMS));
                for (uint256 j = 0; j < page.length; j++) members[index++] = page[j];
            }
        }
        assert(index == c.rows);
    }

    /// @dev Which members get nothing: as the registry says until the first is paid, and as it was then from there on.
    function tombstonesOf(
        Closing memory c,
        StoredWindow storage window,
        IDatanetRegistry.Member[] memory members
    ) internal view returns (bool[] memory leftOut) {
        leftOut = new bool[](members.length);
        if (window.paidMembers == 0) {
            for (uint256 i = 0; i < members.length; i++) leftOut[i] = DATANETS.isTombstoned(members[i].contributionId);
        } else if (window.tombstones) {
            bytes memory bits = readBlob(tombstoneBlobId(c));
            for (uint256 i = 0; i < members.length; i++) leftOut[i] = (uint8(bits[i / 8]) >> (i % 8)) & 1 == 1;
        }
    }

    // ---- blobs --------------------------------------------------------------------------------------------------

    function readBlob(bytes32 id) internal view returns (bytes memory) {
        return NATIVE_HOST.readBlob(address(this), id);
    }

    function queryBlobId(uint64 adapterId, uint64 windowIndex) internal pure returns (bytes32) {
        uint256[] memory keys = new uint256[](2);
        (keys[0], keys[1]) = (adapterId, windowIndex);
        return blobId(QUERY_BLOB, keys);
    }

    function tombstoneBlobId(Closing memory c) internal pure returns (bytes32) {
        uint256[] memory keys = new uint256[](2);
        (keys[0], keys[1]) = (c.adapterId, c.windowIndex);
        return blobId(TOMBSTONE_BLOB, keys);
    }

    function scoreBlobId(Closing memory c, uint256 piece) internal pure returns (bytes32) {
        return numberedBlobId(SCORE_BLOB, c, piece);
    }

    function numberedBlobId(string memory name, Closing memory c, uint256 index) internal pure returns (bytes32) {
        uint256[] memory keys = new uint256[](3);
        (keys[0], keys[1], keys[2]) = (c.adapterId, c.windowIndex, index);
        return blobId(name, keys);
    }
}
