// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DatanetBase} from "./DatanetBase.sol";
import {DatanetState, ScorerState, Seats} from "./DatanetStorage.sol";

/// @title Seats of scorers
abstract contract DatanetScorers is DatanetBase {
    using Seats for uint64;

    function appointScorer(uint64 datanetId, address scorer) external returns (uint8 seat) {
        DatanetState storage d = datanetOf(datanetId);
        requireRole(d, MANAGER);
        if (d.policy == POLICY_OPEN) revert WrongPolicy(d.policy);
        requireAccount(scorer);
        return takeSeat(datanetId, d, scorer, 0);
    }

    function joinScorers(uint64 datanetId) external payable returns (uint8 seat) {
        DatanetState storage d = datanetOf(datanetId);
        if (d.policy != POLICY_OPEN) revert WrongPolicy(d.policy);
        if (msg.value < scorerBondWei) revert BondTooLow(msg.value, scorerBondWei);
        seat = takeSeat(datanetId, d, msg.sender, uint96(msg.value));
        receiveBond(msg.value);
    }

    function takeSeat(
        uint64 datanetId,
        DatanetState storage d,
        address account,
        uint96 bondWei
    ) private returns (uint8 seat) {
        (bool seated, ) = seatOf(d, account);
        if (seated) revert AlreadyScorer(account);
        while (seat < SCORERS && d.takenSeats.has(seat)) seat++;
        if (seat == SCORERS) revert NoScorerSeat();
        d.seatings++;
        d.scorers[seat] = ScorerState(account, bondWei, 0, d.seatings, 0, 0);
        d.seatOf[account] = seat + 1;
        d.activeSeats = d.activeSeats.with(seat);
        d.takenSeats = d.takenSeats.with(seat);
        emit ScorerAppointed(datanetId, account, seat, bondWei);
    }

    function freeSeat(DatanetState storage d, uint8 seat) private {
        delete d.seatOf[d.scorers[seat].account];
        delete d.scorers[seat];
        d.activeSeats = d.activeSeats.without(seat);
        d.takenSeats = d.takenSeats.without(seat);
    }

    function dismissScorer(uint64 datanetId, address scorer) external {
        DatanetState storage d = datanetOf(datanetId);
        requireRole(d, MANAGER);
        if (d.policy == POLICY_OPEN) revert WrongPolicy(d.policy);
        (bool seated, uint8 seat) = seatOf(d, scorer);
        if (!seated) revert NotScorer(scorer);
        freeSeat(d, seat);
        emit ScorerDismissed(datanetId, scorer, seat);
    }

    function leaveScorers(uint64 datanetId) external returns (uint40 withdrawableBlock) {
        DatanetState storage d = datanetOf(datanetId);
        if (d.policy != POLICY_OPEN) revert WrongPolicy(d.policy);
        (bool seated, uint8 seat) = seatOf(d, msg.sender);
        if (!seated || !d.activeSeats.has(seat)) revert NotScorer(msg.sender);
        withdrawableBlock = blockNow() + scorerExitBlocks;
        d.scorers[seat].withdrawableBlock = withdrawableBlock;
        d.activeSeats = d.activeSeats.without(seat);
        emit ScorerLeaving(datanetId, msg.sender, withdrawableBlock);
    }

    function withdrawScorerBond(uint64 datanetId) external returns (uint256 amountWei) {
        DatanetState storage d = datanetOf(datanetId);
        if (d.policy != POLICY_OPEN) revert WrongPolicy(d.policy);
        (bool seated, uint8 seat) = seatOf(d, msg.sender);
        if (!seated) revert NotScorer(msg.sender);
        uint40 withdrawableBlock = d.scorers[seat].withdrawableBlock;
        if (withdrawableBlock == 0 || block.number < withdrawableBlock) revert ScorerStillBound(withdrawableBlock);
        amountWei = d.scorers[seat].bondWei;
        freeSeat(d, seat);
        creditFromBonds(msg.sender, SCORER_BOND, datanetId, amountWei);
    }

    function scorerInfo(uint64 datanetId, address account) external view returns (ScorerInfo memory info) {
        DatanetState storage d = datanetOf(datanetId);
        (bool seated, uint8 seat) = seatOf(d, account);
        if (!seated) return info;
        ScorerState storage s = d.scorers[seat];
        return ScorerInfo(true, seat, s.bondWei, s.tests, s.hits, s.withdrawableBlock);
    }

    function scorersOf(uint64 datanetId) external view returns (address[] memory accounts) {
        DatanetState storage d = datanetOf(datanetId);
        accounts = new address[](d.activeSeats.count());
        uint256 next = 0;
        for (uint8 seat = 0; seat < SCORERS; seat++) {
            if (d.activeSeats.has(seat)) accounts[next++] = d.scorers[seat].account;
        }
    }
}
