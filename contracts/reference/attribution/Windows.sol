// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatanetRegistry} from "contracts/interfaces/IDatanetRegistry.sol";
import {books} from "../Money.sol";
import {NATIVE_HOST} from "../NativeHost.sol";
import {TO_CLOSER, bpsOf, minOf} from "./AttributionBase.sol";
import {StoredWindow, StoredWindows, root} from "./AttributionStorage.sol";
import {PotDivision} from "./PotDivision.sol";
import {WINDOW_OPEN} from "./Settlement.sol";
import {Vectors} from "./Vectors.sol";

uint8 constant WINDOW_SCORING = 2;
uint8 constant WINDOW_PAYING = 3;
uint8 constant WINDOW_CLOSED = 4;

/// @title The closing of windows
abstract contract Windows is PotDivision {
    uint256 private constant ADAPTERS_PER_CLOSE = 64;

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
}
