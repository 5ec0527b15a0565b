// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatanetRegistry} from "contracts/interfaces/IDatanetRegistry.sol";
import {NATIVE_HOST} from "../NativeHost.sol";
import {DATANETS, PAGE_ITEMS, minOf} from "./AttributionBase.sol";
import {StoredBatch, StoredReceipt, StoredWindow, StoredWindows, root} from "./AttributionStorage.sol";
import {PotDivision} from "./PotDivision.sol";
import {Vectors} from "./Vectors.sol";

/// @title Views of windows, and of what receipts say of contributions
abstract contract WindowViews is PotDivision {
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
        Closing memory c = versionThatScores(facts, queryRow);
        if (start >= c.rows) return scores;
        return narrowed(scoreRows(c, Vectors.decode(queryRow, 1), start, minOf(count, c.rows - start)));
    }

    function attributionOf(
        ReceiptFacts calldata facts,
        bytes calldata queryRow,
        uint32 start,
        uint32 count
    ) external view returns (Attribution[] memory attributions) {
        checkCount(count, PAGE_ITEMS);
        Closing memory c = versionThatScores(facts, queryRow);
        if (start >= c.rows) return attributions;
        IDatanetRegistry.Member[] memory members = membersOf(c);
        int256[] memory scores = scoreRows(c, Vectors.decode(queryRow, 1), 0, c.rows);
        attributions = new Attribution[](minOf(count, c.rows - start));
        for (uint256 i = 0; i < attributions.length; i++) {
            IDatanetRegistry.Member memory member = members[start + i];
            attributions[i] = Attribution({
                contributionId: member.contributionId,
                leaderId: member.leaderId,
                contributor: member.contributor,
                row: uint32(start + i),
                score: int128(scores[start + i]),
                clusterScore: int128(clusterScore(member.leaderId, members, scores))
            });
        }
    }

    /// @dev Tombstoned members count as zero.
    function clusterScore(
        uint64 leaderId,
        IDatanetRegistry.Member[] memory members,
        int256[] memory scores
    ) private view returns (int256 sum) {
        for (uint256 i = 0; i < members.length; i++) {
            if (members[i].leaderId != leaderId || DATANETS.isTombstoned(members[i].contributionId)) continue;
            sum += scores[i];
        }
    }

    /// @dev The rows that a settled receipt is scored with, whose query row this is.
    function versionThatScores(
        ReceiptFacts calldata facts,
        bytes calldata queryRow
    ) private view returns (Closing memory) {
        StoredReceipt storage receipt = provenReceipt(facts);
        if (keccak256(queryRow) != facts.queryRowHash) revert InvalidRow();
        StoredBatch storage batch = root().batches[receipt.batchId];
        return closingOf(batch.adapterId, batch.windowIndex);
    }

    function narrowed(int256[] memory wide) private pure returns (int128[] memory scores) {
        scores = new int128[](wide.length);
        for (uint256 i = 0; i < wide.length; i++) scores[i] = int128(wide[i]);
    }
}
