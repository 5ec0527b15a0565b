// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DatanetScoring} from "./DatanetScoring.sol";
import {ContributionState, DatanetState, ScorerState, Seats} from "./DatanetStorage.sol";

/// @title Decisions, and what follows from them
abstract contract DatanetOutcome is DatanetScoring {
    using Seats for uint64;

    uint32 private constant TESTS_THAT_COUNT = 4;

    struct Report {
        uint8 seat;
        uint16 qualityBps;
        bool differs;
        uint8 reason;
        uint256 weight;
    }

    struct Decision {
        uint8 status; // accepted, rejected or refuted
        uint16 qualityBps;
        uint8 reason;
    }

    function resolve(uint64[] calldata contributionIds) external returns (uint8[] memory statuses) {
        requireBetween(contributionIds.length, SCORES_PER_CALL);
        statuses = new uint8[](contributionIds.length);
        for (uint256 i = 0; i < contributionIds.length; i++) {
            ContributionState storage c = contributionOf(contributionIds[i]);
            if (isScored(c) && isOver(c)) conclude(contributionIds[i], c);
            statuses[i] = c.status;
        }
    }

    function isOver(ContributionState storage c) private view returns (bool) {
        if (block.number > c.scoreRevealEndBlock) return true;
        return hasQuorum(c) && allSeatedIn(c, c.scorersCommitted, c.scorersRevealed);
    }

    function hasQuorum(ContributionState storage c) private view returns (bool) {
        uint256 seats = c.panel.count();
        uint256 quorum = isOpen(c) || seats > SCORER_QUORUM ? SCORER_QUORUM : seats;
        return c.scorersRevealed.count() >= quorum;
    }

    function conclude(uint64 id, ContributionState storage c) private {
        Report[] memory reports = reportsOf(c);
        if (!hasQuorum(c)) {
            endWithoutQuorum(id, c, uint8(reports.length));
            return;
        }
        Decision memory decision = decide(c, reports);
        uint8 round = c.round;
        if (round == ROUND_CHALLENGE) concludeChallenge(id, c, decision);
        else concludeFirst(id, c, decision);
        emit ContributionResolved(
            id, c.datanetId, c.status, c.qualityBps, c.reason, round, uint8(reports.length)
        );
        payScorers(id, c, decision.status, reports);
    }

    function reportsOf(ContributionState storage c) internal view returns (Report[] memory reports) {
        reports = new Report[](c.scorersRevealed.count());
        uint256 next = 0;
        for (uint8 seat = 0; seat < SCORERS; seat++) {
            if (!c.scorersRevealed.has(seat)) continue;
            uint256 place = c.panel.placeOf(seat);
            (uint16 qualityBps, bool differs, uint8 reason) = reportAt(c, place);
            reports[next++] = Report(seat, qualityBps, differs, reason, weightAt(c, place));
        }
    }

    // ---- what the reports say

    function decide(ContributionState storage c, Report[] memory reports) private view returns (Decision memory) {
        uint256 total = 0;
        uint256 differing = 0;
        for (uint256 i = 0; i < reports.length; i++) {
            total += reports[i].weight;
            if (reports[i].differs) differing += reports[i].weight;
        }
        if (differing * 2 > total) return Decision(REFUTED, 0, 0);
        uint16 qualityBps = medianOf(reports, total);
        if (qualityBps >= c.acceptThresholdBps) return Decision(ACCEPTED, qualityBps, 0);
        return Decision(REJECTED, qualityBps, reasonOf(reports, c.acceptThresholdBps));
    }

    /// @dev The smallest quality at which the reports up to it have half of the weight or more.
    function medianOf(Report[] memory reports, uint256 total) private pure returns (uint16 median) {
        median = type(uint16).max;
        for (uint256 i = 0; i < reports.length; i++) {
            uint16 quality = reports[i].qualityBps;
            uint256 upTo = 0;
            for (uint256 j = 0; j < reports.length; j++) {
                if (reports[j].qualityBps <= quality) upTo += reports[j].weight;
            }
            if (upTo * 2 >= total && quality < median) median = quality;
        }
    }

    function reasonOf(Report[] memory reports, uint16 thresholdBps) private pure returns (uint8 most) {
        uint256 mostWeight = 0;
        for (uint8 reason = 0; reason <= REASON_MAX; reason++) {
            uint256 weight = 0;
            for (uint256 i = 0; i < reports.length; i++) {
                Report memory report = reports[i];
                if (report.qualityBps < thresholdBps && report.reason == reason) weight += report.weight;
            }
            if (weight > mostWeight) (most, mostWeight) = (reason, weight);
        }
    }

    function decidedFor(
        uint8 status,
        uint16 thresholdBps,
        Report memory report
    ) private pure returns (bool) {
        if (status == REFUTED) return report.differs;
        if (report.differs) return false;
        return (report.qualityBps >= thresholdBps) == (status == ACCEPTED);
    }

    // ---- what follows

    function concludeFirst(uint64 id, ContributionState storage c, Decision memory decision) private {
        DatanetState storage d = state().datanets[c.datanetId];
        c.status = decision.status;
        c.qualityBps = decision.qualityBps;
        c.reason = decision.reason;
        if (decision.status == ACCEPTED) {
            c.challengeEndBlock = blockNow() + contributionChallengeBlocks;
            promiseBounty(d, c);
            supersede(id, c);
            return;
        }
        if (decision.status == REFUTED) keepBond(id, c);
        else returnBond(id, c);
        letGo(id, c);
    }

    function promiseBounty(DatanetState storage d, ContributionState storage c) private {
        uint256 bountyWei = uint256(c.bountyPerRecordWei) * c.recordCount * c.noveltyBps / FULL_BPS;
        if (bountyWei > d.purseWei) bountyWei = d.purseWei;
        d.purseWei -= uint96(bountyWei);
        d.promisedWei += uint96(bountyWei);
        c.bountyWei = uint96(bountyWei);
    }

    /// @dev The first accepted correction stands for the target.
    function supersede(uint64 id, ContributionState storage c) private {
        if (c.kind != CORRECTION) return;
        ContributionState storage target = state().contributions[c.targetId];
        if (target.supersededBy == 0) target.supersededBy = id;
    }

    function concludeChallenge(uint64 id, ContributionState storage c, Decision memory decision) private {
        DatanetState storage d = state().datanets[c.datanetId];
        c.status = decision.status;
        c.qualityBps = decision.qualityBps;
        c.reason = decision.reason;
        c.challengeEndBlock = blockNow();
        uint256 challengeBondWei = c.challengeBondWei;
        c.challengeBondWei = 0;
        if (decision.status == ACCEPTED) {
            creditFromBonds(c.contributor, CHALLENGE_LOST, id, challengeBondWei);
            return;
        }
        creditFromBonds(c.challenger, CHALLENGE_BOND, id, challengeBondWei);
        uint256 bondWei = c.bondWei;
        c.bondWei = 0;
        creditFromBonds(c.challenger, CHALLENGE_WON, id, bondWei / 2);
        creditFromBonds(treasury, BOND_KEPT, id, bondWei - bondWei / 2);
        dropBounty(d, c);
        letGo(id, c);
    }

    function endWithoutQuorum(uint64 id, ContributionState storage c, uint8 reveals) internal override {
        DatanetState storage d = state().datanets[c.datanetId];
        uint8 round = c.round;
        if (round == ROUND_CHALLENGE) {
            c.status = ACCEPTED;
            c.challengeEndBlock = blockNow();
            uint256 challengeBondWei = c.challengeBondWei;
            c.challengeBondWei = 0;
            creditFromBonds(c.challenger, CHALLENGE_BOND, id, challengeBondWei);
        } else if (round == ROUND_FIRST && isScored(c) && isOpen(c)) {
            c.status = WAITING;
            fixCandidates(d, c, ROUND_AGAIN, eligible(d, c));
        } else {
            c.status = RETURNED;
            returnBond(id, c);
            letGo(id, c);
        }
        emit ContributionResolved(id, c.datanetId, c.status, 0, 0, round, reveals);
    }

    // ---- pay

    function payScorers(uint64 id, ContributionState storage c, uint8 status, Report[] memory reports) private {
        DatanetState storage d = state().datanets[c.datanetId];
        uint256[] memory earnedWei = new uint256[](reports.length);
        uint256 sumWei = 0;
        uint256 earners = 0;
        for (uint256 i = 0; i < reports.length; i++) {
            if (!decidedFor(status, c.acceptThresholdBps, reports[i])) continue;
            earnedWei[i] = payOf(d, c, reports[i].seat);
            sumWei += earnedWei[i];
            if (earnedWei[i] > 0) earners++;
        }
        uint256 mostWei = type(uint256).max;
        if (sumWei > d.purseWei) mostWei = d.purseWei / earners;
        for (uint256 i = 0; i < reports.length; i++) {
            uint256 payWei = earnedWei[i] < mostWei ? earnedWei[i] : mostWei;
            if (payWei == 0) continue;
            d.purseWei -= uint96(payWei);
            creditFromPots(d.scorers[reports[i].seat].account, SCORER_PAY, id, payWei);
        }
    }

    function payOf(DatanetState storage d, ContributionState storage c, uint8 seat) private view returns (uint256) {
        if (!sameScorer(d, c, seat)) return 0;
        ScorerState storage scorer = d.scorers[seat];
        if (scorer.tests < TESTS_THAT_COUNT) return d.scorerPayWei;
        uint256 twice = 2 * uint256(scorer.hits);
        if (twice <= scorer.tests) return 0;
        return uint256(d.scorerPayWei) * (twice - scorer.tests) / scorer.tests;
    }
}
