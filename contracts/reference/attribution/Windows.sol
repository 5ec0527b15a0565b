// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterRegistry} from "contracts/interfaces/IAdapterRegistry.sol";
import {IDatanetRegistry} from "contracts/interfaces/IDatanetRegistry.sol";
import {books} from "../Money.sol";
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
    TO_CLOSER,
    bpsOf,
    minOf
} from "./AttributionBase.sol";
import {StoredBatch, StoredReceipt, StoredWindow, StoredWindows, root} from "./AttributionStorage.sol";
import {Remainders} from "./Remainders.sol";
import {LargestRemainder} from "./LargestRemainder.sol";
import {WINDOW_OPEN} from "./Settlement.sol";
import {Vectors} from "./Vectors.sol";

uint8 constant WINDOW_SCORING = 2;
uint8 constant WINDOW_PAYING = 3;
uint8 constant WINDOW_CLOSED = 4;

/// @title Windows: sums, scores and the division of their pots
abstract contract Windows is Remainders {
    uint256 private constant ADAPTERS_PER_CLOSE = 64;
    uint256 private constant ROWS_PER_PAGE = 64; // of the adapter registry
    uint256 private constant CHUNKS_PER_PIECE = 16;
    uint256 private constant SCORE_BYTES = 16;
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

    function closeWindow(uint64 adapterId, uint32 maxWork) external returns (uint64 windowIndex, uint8 state) {
        if (maxWork == 0) revert ZeroWork();
        (bool known, ) = adapterOf(adapterId);
        if (!known) revert UnknownAdapter(adapterId);
        (windowIndex, state, ) = closeOldest(adapterId, maxWork);
        if (state == 0) revert WindowNotReady(adapterId, root().adapterWindows[adapterId].closed + 1);
    }

    function closeWindows(
        uint64[] calldata adapterIds,
        uint32 maxWork
    ) external returns (uint64[] memory windowIndices, uint8[] memory states) {
        checkCount(adapterIds.length, ADAPTERS_PER_CLOSE);
        if (maxWork == 0) revert ZeroWork();
        windowIndices = new uint64[](adapterIds.length);
        states = new uint8[](adapterIds.length);
        uint256 left = maxWork;
        for (uint256 i = 0; i < adapterIds.length && left > 0; i++) {
            uint256 done = 0;
            (windowIndices[i], states[i], done) = closeOldest(adapterIds[i], left);
            left -= minOf(left, done);
        }
    }

    /// @return windowIndex zero, and all others too, when there is no window that is ready
    /// @return state of the window after the work
    /// @return done rows scored and members paid
    function closeOldest(
        uint64 adapterId,
        uint256 maxWork
    ) private returns (uint64 windowIndex, uint8 state, uint256 done) {
        StoredWindows storage windows = root().adapterWindows[adapterId];
        StoredWindow storage window = root().windows[adapterId][windows.closed + 1];
        if (window.state == 0 || (window.state == WINDOW_OPEN && !isReady(window))) return (0, 0, 0);
        windowIndex = windows.closed + 1;
        Closing memory c = closingOf(adapterId, windowIndex);
        if (window.state == WINDOW_OPEN) begin(c, window);
        if (window.state != WINDOW_CLOSED) done = work(c, window, maxWork);
        state = window.state;
        if (state == WINDOW_CLOSED) windows.closed = windowIndex;
    }

    function closingOf(uint64 adapterId, uint64 windowIndex) private view returns (Closing memory) {
        uint32 version = root().windows[adapterId][windowIndex].version;
        IAdapterRegistry.AdapterVersion memory info = ADAPTERS.getVersion(adapterId, version);
        return Closing(adapterId, windowIndex, version, info.k, info.rowCount, info.datanets);
    }

    /// @dev Full or old, and every receipt in it has ended.
    function isReady(StoredWindow storage window) private view returns (bool) {
        if (window.finished != window.settled) return false;
        return window.settled >= rules().windowReceipts || block.number >= window.openedBlock + rules().windowAgeBlocks;
    }

    /// @dev Fixes the query and what closers get. A window without a pot closes at once.
    function begin(Closing memory c, StoredWindow storage window) private {
        if (window.potWei == 0) {
            window.state = WINDOW_CLOSED;
            emit WindowClosed(c.adapterId, c.windowIndex, 0, false);
            return;
        }
        (int256[] memory query, uint8 shift) = Vectors.shifted(sumOf(c, window));
        NATIVE_HOST.writeBlob(queryBlobId(c.adapterId, c.windowIndex), Vectors.encode(query, 2));
        uint256 costWei = block.basefee * closeGasPerRow * c.rows;
        window.state = WINDOW_SCORING;
        window.shift = shift;
        window.closersWei = uint96(minOf(costWei, bpsOf(window.potWei, rules().closerCapBps)));
        emit WindowSummed(c.adapterId, c.windowIndex, shift, window.potWei, window.closersWei);
    }

    /// @return done rows scored and members paid
    function work(Closing memory c, StoredWindow storage window, uint256 maxWork) private returns (uint256 done) {
        uint256 before = uint256(window.scoredRows) + window.paidMembers;
        uint256 scored = window.state == WINDOW_SCORING ? score(c, window, maxWork) : 0;
        if (window.state == WINDOW_PAYING && scored < maxWork) pay(c, window, maxWork - scored);
        uint256 afterwards = uint256(window.scoredRows) + window.paidMembers;
        payCloser(c, window, before, afterwards);
        return afterwards - before;
    }

    /// @dev Whole pieces, until there are `atMost` rows or more.
    /// @return done rows scored
    function score(Closing memory c, StoredWindow storage window, uint256 atMost) private returns (uint256 done) {
        int256[] memory query = Vectors.decode(readBlob(queryBlobId(c.adapterId, c.windowIndex)), 2);
        uint256 perPiece = rowsPerPiece(c.k);
        uint256 row = window.scoredRows;
        while (row < c.rows && done < atMost) {
            uint256 count = minOf(perPiece, c.rows - row);
            bytes memory scores = Vectors.encode(scoreRows(c, query, row, count), SCORE_BYTES);
            NATIVE_HOST.writeBlob(scoreBlobId(c, row / perPiece), scores);
            row += count;
            done += count;
        }
        window.scoredRows = uint32(row);
        if (row == c.rows) window.state = WINDOW_PAYING;
        emit WindowScored(c.adapterId, c.windowIndex, uint32(row));
    }

    /// @dev In proportion to the work that is done, floor each time, so that any number of calls gets all of it.
    function payCloser(Closing memory c, StoredWindow storage window, uint256 before, uint256 afterwards) private {
        uint256 total = 2 * c.rows;
        uint256 amountWei = (window.closersWei * afterwards) / total - (window.closersWei * before) / total;
        books().potsWei -= uint128(amountWei);
        credit(msg.sender, TO_CLOSER, c.adapterId, amountWei);
    }

    /// @dev A pot that nobody earned leaves whole.
    function pay(Closing memory c, StoredWindow storage window, uint256 atMost) private {
        IDatanetRegistry.Member[] memory members = membersOf(c);
        bool[] memory leftOut = tombstonesOf(c, window, members);
        if (window.paidMembers == 0) keepTombstones(c, window, leftOut);
        (uint256[] memory amountsWei, bool attributed) = divide(c, window, members, leftOut);
        uint256 start = window.paidMembers;
        uint256 end = attributed ? minOf(c.rows, start + atMost) : c.rows;
        for (uint256 i = start; i < end; i++) if (amountsWei[i] > 0) payMember(c, members[i], amountsWei[i]);
        uint256 potWei = window.potWei - window.closersWei;
        if (!attributed) addRemainder(c.adapterId, c.windowIndex, c.datanets, members, potWei);
        window.paidMembers = uint32(end);
        if (end < c.rows) return;
        window.state = WINDOW_CLOSED;
        emit WindowClosed(c.adapterId, c.windowIndex, potWei, attributed);
    }

    function payMember(Closing memory c, IDatanetRegistry.Member memory member, uint256 amountWei) private {
        address payee = creditContributor(member.contributor, amountWei);
        emit ContributionPaid(member.contributionId, payee, c.adapterId, c.windowIndex, amountWei);
    }

    // ---- sums and scores ----------------------------------------------------------------------------------------

    /// @dev The weighted sum of the query rows that still count.
    function sumOf(Closing memory c, StoredWindow storage window) private view returns (int256[] memory sum) {
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
    ) private view returns (int256[] memory scores) {
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
    function rowsPerPiece(uint256 k) private pure returns (uint256) {
        return minOf((BLOB_BYTES / (SCALE_BYTES + k)) * CHUNKS_PER_PIECE, BLOB_BYTES / SCORE_BYTES);
    }

    /// @dev Of rows from `start` to `end`, which are scored.
    function storedScores(
        Closing memory c,
        uint256 start,
        uint256 end
    ) private view returns (int256[] memory scores) {
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

    // ---- tombstones ---------------------------------------------------------------------------------------------

    /// @dev Which members get nothing: as the registry says until the first is paid, and as it was then from there on.
    function tombstonesOf(
        Closing memory c,
        StoredWindow storage window,
        IDatanetRegistry.Member[] memory members
    ) private view returns (bool[] memory leftOut) {
        leftOut = new bool[](members.length);
        if (window.paidMembers == 0) {
            for (uint256 i = 0; i < members.length; i++) leftOut[i] = DATANETS.isTombstoned(members[i].contributionId);
        } else if (window.tombstones) {
            bytes memory bits = readBlob(tombstoneBlobId(c));
            for (uint256 i = 0; i < members.length; i++) leftOut[i] = (uint8(bits[i / 8]) >> (i % 8)) & 1 == 1;
        }
    }

    /// @dev A bit for each member, low bits first; nothing where there are no tombstones.
    function keepTombstones(Closing memory c, StoredWindow storage window, bool[] memory leftOut) private {
        bytes memory bits = new bytes((leftOut.length + 7) / 8);
        for (uint256 i = 0; i < leftOut.length; i++) {
            if (!leftOut[i]) continue;
            bits[i / 8] |= bytes1(uint8(1 << (i % 8)));
            window.tombstones = true;
        }
        if (window.tombstones) NATIVE_HOST.writeBlob(tombstoneBlobId(c), bits);
    }

    // ---- the division of a pot ----------------------------------------------------------------------------------

    /// @dev Row j is of member j of the Datanets' versions, one after the other.
    function membersOf(Closing memory c) private view returns (IDatanetRegistry.Member[] memory members) {
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

    /// @dev The positive sums of clusters divide the pot. Without any nobody gets a part.
    function divide(
        Closing memory c,
        StoredWindow storage window,
        IDatanetRegistry.Member[] memory members,
        bool[] memory leftOut
    ) private view returns (uint256[] memory amountsWei, bool attributed) {
        uint256 potWei = window.potWei - window.closersWei;
        uint64[] memory leaders = leadersOf(members, leftOut);
        uint256[] memory sums = clusterSums(leaders, members, leftOut, storedScores(c, 0, c.rows));
        amountsWei = new uint256[](members.length);
        for (uint256 i = 0; i < sums.length; i++) if (sums[i] > 0) attributed = true;
        if (!attributed) return (amountsWei, false);
        uint256[] memory parts = LargestRemainder.divide(potWei, sums);
        for (uint256 i = 0; i < leaders.length; i++) divideCluster(parts[i], leaders[i], members, leftOut, amountsWei);
    }

    /// @dev The clusters' leaders, ascending.
    function leadersOf(
        IDatanetRegistry.Member[] memory members,
        bool[] memory leftOut
    ) private pure returns (uint64[] memory leaders) {
        leaders = new uint64[](members.length);
        uint256 count = 0;
        uint64 last = 0;
        while (true) {
            uint64 next = type(uint64).max;
            for (uint256 i = 0; i < members.length; i++) {
                uint64 leaderId = members[i].leaderId;
                if (!leftOut[i] && leaderId > last && leaderId < next) next = leaderId;
            }
            if (next == type(uint64).max) break;
            leaders[count++] = next;
            last = next;
        }
        assembly ("memory-safe") {
            mstore(leaders, count)
        }
    }

    function clusterSums(
        uint64[] memory leaders,
        IDatanetRegistry.Member[] memory members,
        bool[] memory leftOut,
        int256[] memory scores
    ) private pure returns (uint256[] memory sums) {
        sums = new uint256[](leaders.length);
        for (uint256 i = 0; i < leaders.length; i++) {
            int256 sum = 0;
            for (uint256 j = 0; j < members.length; j++) {
                if (members[j].leaderId == leaders[i] && !leftOut[j]) sum += scores[j];
            }
            if (sum > 0) sums[i] = uint256(sum);
        }
    }

    /// @dev Divides by records · novelty over the members of one cluster, by records where none has novelty.
    function divideCluster(
        uint256 amountWei,
        uint64 leaderId,
        IDatanetRegistry.Member[] memory members,
        bool[] memory leftOut,
        uint256[] memory amountsWei
    ) private pure {
        uint256[] memory places = placesOf(leaderId, members, leftOut);
        uint256[] memory weights = new uint256[](places.length);
        uint256 total = 0;
        for (uint256 i = 0; i < places.length; i++) {
            IDatanetRegistry.Member memory member = members[places[i]];
            weights[i] = uint256(member.recordCount) * member.noveltyBps;
            total += weights[i];
        }
        if (total == 0) {
            for (uint256 i = 0; i < places.length; i++) weights[i] = members[places[i]].recordCount;
        }
        uint256[] memory parts = LargestRemainder.divide(amountWei, weights);
        for (uint256 i = 0; i < places.length; i++) amountsWei[places[i]] = parts[i];
    }

    /// @dev Where the members of a cluster are, in the order of their commits.
    function placesOf(
        uint64 leaderId,
        IDatanetRegistry.Member[] memory members,
        bool[] memory leftOut
    ) private pure returns (uint256[] memory places) {
        places = new uint256[](members.length);
        uint256 count = 0;
        for (uint256 i = 0; i < members.length; i++) {
            if (members[i].leaderId != leaderId || leftOut[i]) continue;
            uint256 place = count++;
            for (; place > 0 && members[places[place - 1]].contributionId > members[i].contributionId; place--) {
                places[place] = places[place - 1];
            }
            places[place] = i;
        }
        assembly ("memory-safe") {
            mstore(places, count)
        }
    }

    // ---- blobs --------------------------------------------------------------------------------------------------

    function readBlob(bytes32 id) private view returns (bytes memory) {
        return NATIVE_HOST.readBlob(address(this), id);
    }

    function queryBlobId(uint64 adapterId, uint64 windowIndex) private pure returns (bytes32) {
        uint256[] memory keys = new uint256[](2);
        (keys[0], keys[1]) = (adapterId, windowIndex);
        return blobId(QUERY_BLOB, keys);
    }

    function tombstoneBlobId(Closing memory c) private pure returns (bytes32) {
        uint256[] memory keys = new uint256[](2);
        (keys[0], keys[1]) = (c.adapterId, c.windowIndex);
        return blobId(TOMBSTONE_BLOB, keys);
    }

    function scoreBlobId(Closing memory c, uint256 piece) private pure returns (bytes32) {
        return numberedBlobId(SCORE_BLOB, c, piece);
    }

    function numberedBlobId(string memory name, Closing memory c, uint256 index) private pure returns (bytes32) {
        uint256[] memory keys = new uint256[](3);
        (keys[0], keys[1], keys[2]) = (c.adapterId, c.windowIndex, index);
        return blobId(name, keys);
    }

    // ---- views --------------------------------------------------------------------------------------------------

    function existingWindow(uint64 adapterId, uint64 windowIndex) private view returns (StoredWindow storage window) {
        window = root().windows[adapterId][windowIndex];
        if (window.state == 0) revert UnknownWindow(adapterId, windowIndex);
    }

    function getWindow(uint64 adapterId, uint64 windowIndex) external view returns (Window memory info) {
        StoredWindow storage window = existingWindow(adapterId, windowIndex);
        info.state = window.state;
        info.shift = window.shift;
        info.openedBlock = window.openedBlock;
        info.settled = window.settled;
        info.finished = window.finished;
        info.batches = window.batches;
        info.corrections = window.corrections;
        info.scoredRows = window.scoredRows;
        info.paidMembers = window.paidMembers;
        info.version = window.version;
        info.potWei = window.potWei;
        info.closersWei = window.closersWei;
    }

    function windowsOf(uint64 adapterId) external view returns (uint64 newest, uint64 closed) {
        StoredWindows storage windows = root().adapterWindows[adapterId];
        return (windows.opened, windows.closed);
    }

    function windowQuery(uint64 adapterId, uint64 windowIndex) external view returns (bytes memory query) {
        existingWindow(adapterId, windowIndex);
        try NATIVE_HOST.readBlob(address(this), queryBlobId(adapterId, windowIndex)) returns (bytes memory found) {
            return found;
        } catch {
            revert WindowNotReady(adapterId, windowIndex);
        }
    }

    function windowScores(
        uint64 adapterId,
        uint64 windowIndex,
        uint32 start,
        uint32 count
    ) external view returns (int128[] memory scores) {
        checkCount(count, PAGE_ITEMS);
        StoredWindow storage window = existingWindow(adapterId, windowIndex);
        uint256 end = minOf(uint256(start) + count, window.scoredRows);
        return narrowed(storedScores(closingOf(adapterId, windowIndex), start, end));
    }

    function windowShares(
        uint64 adapterId,
        uint64 windowIndex,
        uint32 start,
        uint32 count
    ) external view returns (uint256[] memory amountsWei) {
        checkCount(count, PAGE_ITEMS);
        StoredWindow storage window = existingWindow(adapterId, windowIndex);
        Closing memory c = closingOf(adapterId, windowIndex);
        if (window.scoredRows != c.rows) revert WindowNotReady(adapterId, windowIndex);
        IDatanetRegistry.Member[] memory members = membersOf(c);
        (uint256[] memory all, ) = divide(c, window, members, tombstonesOf(c, window, members));
        if (start >= all.length) return amountsWei;
        amountsWei = new uint256[](minOf(count, all.length - start));
        for (uint256 i = 0; i < amountsWei.length; i++) amountsWei[i] = all[start + i];
    }

    function score(
        ReceiptFacts calldata facts,
        bytes calldata queryRow,
        uint32 start,
        uint32 count
    ) external view returns (int128[] memory scores) {
        checkCount(count, PAGE_ITEMS);
        StoredReceipt storage receipt = provenReceipt(facts);
        if (keccak256(queryRow) != facts.queryRowHash) revert InvalidRow();
        StoredBatch storage batch = root().batches[receipt.batchId];
        Closing memory c = closingOf(batch.adapterId, batch.windowIndex);
        if (start >= c.rows) return scores;
        return narrowed(scoreRows(c, Vectors.decode(queryRow, 1), start, minOf(count, c.rows - start)));
    }

    function narrowed(int256[] memory wide) private pure returns (int128[] memory scores) {
        scores = new int128[](wide.length);
        for (uint256 i = 0; i < wide.length; i++) scores[i] = int128(wide[i]);
    }
}
