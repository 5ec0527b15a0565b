// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStaking} from "contracts/interfaces/IStaking.sol";
import {DatanetBase} from "./DatanetBase.sol";
import {ContributionState, DatanetState, Seats} from "./DatanetStorage.sol";

/// @title Who may score what, and when
abstract contract DatanetPanels is DatanetBase {
    using Seats for uint64;

    uint64 private constant RING_BLOCKS = 8192;
    uint8 internal constant ROUND_FIRST = 1;
    uint8 internal constant ROUND_AGAIN = 2;
    uint8 internal constant ROUND_CHALLENGE = 3;

    function isOpen(ContributionState storage c) internal view returns (bool) {
        return state().datanets[c.datanetId].policy == POLICY_OPEN;
    }

    /// @dev So many are needed to score at all.
    function fewest(DatanetState storage d) internal view returns (uint256) {
        return d.policy == POLICY_OPEN ? SCORER_QUORUM : 1;
    }

    function exceptSeatOf(DatanetState storage d, uint64 mask, address account) internal view returns (uint64) {
        (bool seated, uint8 seat) = seatOf(d, account);
        return seated ? mask.without(seat) : mask;
    }

    /// @dev The seats that score now, but the contributor's and the sponsor's.
    function eligible(DatanetState storage d, ContributionState storage c) internal view returns (uint64 mask) {
        mask = exceptSeatOf(d, d.activeSeats, c.contributor);
        return exceptSeatOf(d, mask, c.sponsor);
    }

    /// @dev Begins a round. An open Datanet's panel is drawn later, the others' are the candidates.
    function fixCandidates(DatanetState storage d, ContributionState storage c, uint8 round, uint64 candidates) internal {
        c.round = round;
        c.panelBlock = blockNow();
        c.seatings = d.seatings;
        c.panel = candidates;
        c.scorersCommitted = 0;
        c.scorersRevealed = 0;
        c.scoreCommitEndBlock = 0;
        c.scoreRevealEndBlock = 0;
        if (d.policy != POLICY_OPEN) openWindows(c);
    }

    function openWindows(ContributionState storage c) private {
        c.scoreCommitEndBlock = blockNow() + scoreCommitBlocks;
        c.scoreRevealEndBlock = c.scoreCommitEndBlock + scoreRevealBlocks;
    }

    /// @dev Of the block after the one in which the candidates were fixed, or as much later as that is forgotten.
    function randomnessAfter(uint40 panelBlock) private view returns (bytes32) {
        if (block.number <= panelBlock) return 0;
        uint64 wanted = uint64(panelBlock) + 1;
        wanted += (uint64(block.number) - wanted) / RING_BLOCKS * RING_BLOCKS;
        return IStaking(staking).randomness(wanted);
    }

    function awaitsDraw(ContributionState storage c) internal view returns (bool) {
        return c.status == WAITING || (c.status == CHALLENGED && c.scoreCommitEndBlock == 0);
    }

    function drawScorers(uint64[] calldata contributionIds) external returns (uint8[] memory statuses) {
        requireBetween(contributionIds.length, SCORES_PER_CALL);
        statuses = new uint8[](contributionIds.length);
        for (uint256 i = 0; i < contributionIds.length; i++) {
            ContributionState storage c = contributionOf(contributionIds[i]);
            if (awaitsDraw(c)) {
                bytes32 randomness = randomnessAfter(c.panelBlock);
                if (randomness != 0) draw(contributionIds[i], c, randomness);
            }
            statuses[i] = c.status;
        }
    }

    function draw(uint64 id, ContributionState storage c, bytes32 randomness) private {
        DatanetState storage d = state().datanets[c.datanetId];
        uint64 candidates = 0;
        for (uint256 seat = 0; seat < SCORERS; seat++) {
            if (c.panel.has(seat) && sameScorer(d, c, seat)) candidates = candidates.with(seat);
        }
        if (candidates.count() < SCORER_QUORUM) {
            endWithoutQuorum(id, c, 0);
            return;
        }
        c.panel = drawSeats(d, candidates, keccak256(abi.encodePacked(randomness, id, c.round)));
        if (c.status == WAITING) c.status = SCORING;
        openWindows(c);
        (address[] memory scorers, uint16[] memory weights) = weigh(d, c);
        emit PanelDrawn(id, c.datanetId, c.round, scorers, weights, c.scoreCommitEndBlock, c.scoreRevealEndBlock);
    }

    /// @dev Without replacement; the chances are as the bonds.
    function drawSeats(DatanetState storage d, uint64 candidates, bytes32 seed) private view returns (uint64 drawn) {
        uint256 seats = candidates.count() < scorerPanel ? candidates.count() : scorerPanel;
        for (uint256 i = 0; i < seats; i++) {
            uint256 bondsWei = 0;
            for (uint8 seat = 0; seat < SCORERS; seat++) {
                if (candidates.has(seat)) bondsWei += d.scorers[seat].bondWei;
            }
            uint256 ticket = uint256(keccak256(abi.encodePacked(seed, uint8(i)))) % bondsWei;
            uint8 hit = 0;
            while (!candidates.has(hit) || ticket >= d.scorers[hit].bondWei) {
                if (candidates.has(hit)) ticket -= d.scorers[hit].bondWei;
                hit++;
            }
            candidates = candidates.without(hit);
            drawn = drawn.with(hit);
        }
    }

    function weigh(
        DatanetState storage d,
        ContributionState storage c
    ) private returns (address[] memory scorers, uint16[] memory weights) {
        uint256 seats = c.panel.count();
        scorers = new address[](seats);
        weights = new uint16[](seats);
        uint256 place = 0;
        for (uint8 seat = 0; seat < SCORERS; seat++) {
            if (!c.panel.has(seat)) continue;
            uint256 weight = d.scorers[seat].bondWei / scorerBondWei;
            scorers[place] = d.scorers[seat].account;
            weights[place] = weight > type(uint16).max ? type(uint16).max : uint16(weight);
            c.weights[place] = weights[place];
            place++;
        }
    }

    function weightAt(ContributionState storage c, uint256 place) internal view returns (uint256) {
        return isOpen(c) ? c.weights[place] : 1;
    }

    /// @dev What follows when too few have scored, or could.
    function endWithoutQuorum(uint64 id, ContributionState storage c, uint8 reveals) internal virtual;
}
