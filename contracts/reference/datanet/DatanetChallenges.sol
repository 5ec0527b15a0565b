// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DatanetOutcome} from "./DatanetOutcome.sol";
import {ContributionState, DatanetState, ScorerState, Seats} from "./DatanetStorage.sol";

/// @title Challenges, the release of bonds and bounties, known answers
abstract contract DatanetChallenges is DatanetOutcome {
    using Seats for uint64;

    function challengeContribution(
        uint64 contributionId,
        uint8 reason,
        string calldata evidenceCid
    ) external payable {
        if (msg.value != contributionChallengeBondWei) revert WrongBond(msg.value, contributionChallengeBondWei);
        if (reason > REASON_MAX) revert InvalidReason(reason);
        requireText(evidenceCid, CID_BYTES, true);
        ContributionState storage c = contributionOf(contributionId);
        if (c.challenger != address(0)) revert AlreadyChallenged(contributionId);
        if (c.status != ACCEPTED) revert WrongStatus(contributionId, c.status);
        if (block.number > c.challengeEndBlock) revert TooLate(c.challengeEndBlock);
        if (msg.sender == c.contributor) revert OwnContribution(contributionId);
        DatanetState storage d = state().datanets[c.datanetId];
        uint64 judges = judgesOf(d, c);
        if (judges.count() < fewest(d)) revert TooFewScorers(judges.count());
        c.status = CHALLENGED;
        c.challenger = msg.sender;
        c.challengeBondWei = uint96(msg.value);
        receiveBond(msg.value);
        fixCandidates(d, c, ROUND_CHALLENGE, judges);
        emit ContributionChallenged(
            contributionId,
            c.datanetId,
            msg.sender,
            reason,
            evidenceCid,
            c.scoreCommitEndBlock,
            c.scoreRevealEndBlock
        );
    }

    /// @dev Without those who reported in the deciding round, when enough others are left.
    function judgesOf(DatanetState storage d, ContributionState storage c) private view returns (uint64) {
        uint64 judges = exceptSeatOf(d, eligible(d, c), msg.sender);
        uint64 others = judges;
        for (uint256 seat = 0; seat < SCORERS; seat++) {
            if (c.scorersRevealed.has(seat) && sameScorer(d, c, seat)) others = others.without(seat);
        }
        return others.count() >= fewest(d) ? others : judges;
    }

    function releaseContributions(uint64[] calldata contributionIds) external returns (uint32 released) {
        requireBetween(contributionIds.length, SCORES_PER_CALL);
        for (uint256 i = 0; i < contributionIds.length; i++) {
            ContributionState storage c = contributionOf(contributionIds[i]);
            if (c.status != ACCEPTED || block.number <= c.challengeEndBlock) continue;
            if (c.bondWei == 0 && c.bountyWei == 0) continue;
            release(contributionIds[i], c);
            released++;
        }
    }

    function release(uint64 id, ContributionState storage c) private {
        uint256 bondWei = returnBond(id, c);
        uint256 bountyWei = c.bountyWei;
        c.bountyWei = 0;
        state().datanets[c.datanetId].promisedWei -= uint96(bountyWei);
        creditFromPots(c.contributor, BOUNTY, id, bountyWei);
        emit ContributionReleased(id, c.datanetId, bondWei, bountyWei);
    }

    // ---- known answers

    function plantKnownAnswer(uint64 datanetId, bytes32 commitment) external {
        DatanetState storage d = datanetOf(datanetId);
        requireRole(d, MANAGER);
        if (commitment == 0) revert ZeroCommitment();
        if (d.knownAnswers[commitment] != 0) revert AlreadyPlanted(commitment);
        d.knownAnswers[commitment] = blockNow();
        emit KnownAnswerPlanted(datanetId, commitment);
    }

    function revealKnownAnswer(
        uint64 contributionId,
        uint16 minQualityBps,
        uint16 maxQualityBps,
        bytes32 salt
    ) external {
        ContributionState storage c = contributionOf(contributionId);
        if (msg.sender != c.contributor) revert NotContributor(msg.sender);
        if (maxQualityBps > FULL_BPS) revert InvalidQuality(maxQualityBps);
        if (minQualityBps > maxQualityBps) revert InvalidQuality(minQualityBps);
        if (c.status != ACCEPTED && c.status != REJECTED) revert WrongStatus(contributionId, c.status);
        if (c.challenger != address(0)) revert AlreadyChallenged(contributionId);
        if (c.status == ACCEPTED && block.number > c.challengeEndBlock) revert TooLate(c.challengeEndBlock);
        DatanetState storage d = state().datanets[c.datanetId];
        bytes32 commitment =
            keccak256(abi.encode(msg.sender, contributionId, minQualityBps, maxQualityBps, salt));
        uint40 plantedBlock = d.knownAnswers[commitment];
        if (plantedBlock == 0) revert UnknownCommitment(commitment);
        if (plantedBlock >= c.panelBlock) revert TooLate(c.panelBlock - 1);
        delete d.knownAnswers[commitment];
        if (c.status == ACCEPTED) {
            returnBond(contributionId, c);
            dropBounty(d, c);
            letGo(contributionId, c);
        }
        c.status = PLANTED;
        (uint32 tests, uint32 hits) = test(d, c, minQualityBps, maxQualityBps);
        emit KnownAnswerRevealed(contributionId, c.datanetId, minQualityBps, maxQualityBps, tests, hits);
    }

    function test(
        DatanetState storage d,
        ContributionState storage c,
        uint16 minQualityBps,
        uint16 maxQualityBps
    ) private returns (uint32 tests, uint32 hits) {
        Report[] memory reports = reportsOf(c);
        for (uint256 i = 0; i < reports.length; i++) {
            if (!sameScorer(d, c, reports[i].seat)) continue;
            ScorerState storage scorer = d.scorers[reports[i].seat];
            uint16 quality = reports[i].qualityBps;
            bool hit = !reports[i].differs && quality >= minQualityBps && quality <= maxQualityBps;
            scorer.tests++;
            tests++;
            if (!hit) continue;
            scorer.hits++;
            hits++;
        }
    }
}
