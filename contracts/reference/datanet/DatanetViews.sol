// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DatanetScoring} from "./DatanetScoring.sol";
import {ContributionState, DatanetState, Seats} from "./DatanetStorage.sol";

/// @title What the registry shows
abstract contract DatanetViews is DatanetScoring {
    using Seats for uint64;

    function counts() external view returns (uint64 datanets, uint64 contributions) {
        return (state().datanetCount, state().contributionCount);
    }

    function getDatanet(uint64 datanetId) external view returns (Datanet memory datanet) {
        DatanetState storage d = datanetOf(datanetId);
        datanet.owner = d.owner;
        datanet.pendingOwner = d.pendingOwner;
        datanet.kind = d.kind;
        datanet.policy = d.policy;
        datanet.terms = Terms(d.minBondWei, d.acceptThresholdBps, d.bountyPerRecordWei, d.scorerPayWei);
        datanet.scorers = uint8(d.activeSeats.count());
        datanet.versions = d.versions;
        datanet.keyEpoch = d.keyEpoch;
        datanet.commits = uint64(d.order.length);
        datanet.ordered = d.ordered;
        datanet.purseWei = d.purseWei;
        datanet.promisedWei = d.promisedWei;
        datanet.purseLeavingWei = d.purseLeavingWei;
        datanet.purseWithdrawableBlock = d.purseWithdrawableBlock;
        datanet.name = d.name;
        datanet.licence = d.licence;
        datanet.metadataCid = d.metadataCid;
    }

    function getContribution(uint64 contributionId) external view returns (Contribution memory info) {
        ContributionState storage c = contributionOf(contributionId);
        info.datanetId = c.datanetId;
        info.contributor = c.contributor;
        info.sponsor = c.sponsor;
        info.kind = c.kind;
        info.targetId = c.targetId;
        info.supersededBy = c.supersededBy;
        info.status = c.status;
        info.flags = c.flags;
        info.noveltyBps = c.noveltyBps;
        info.qualityBps = c.qualityBps;
        info.reason = c.reason;
        info.recordCount = c.recordCount;
        info.byteCount = c.byteCount;
        info.leaderId = c.leaderId;
        info.position = c.position;
        info.bondWei = c.bondWei;
        info.commitBlock = c.commitBlock;
        info.acceptThresholdBps = c.acceptThresholdBps;
        info.bountyPerRecordWei = c.bountyPerRecordWei;
        info.round = c.round;
        info.panelBlock = c.panelBlock;
        info.scoreCommitEndBlock = c.scoreCommitEndBlock;
        info.scoreRevealEndBlock = c.scoreRevealEndBlock;
        info.challengeEndBlock = c.challengeEndBlock;
        info.challenger = c.challenger;
        info.challengeBondWei = c.challengeBondWei;
        info.bountyWei = c.bountyWei;
        info.commitment = c.commitment;
        info.contentRoot = c.contentRoot;
    }

    function getMinhash(uint64 contributionId) external view returns (bytes memory minhash) {
        ContributionState storage c = contributionOf(contributionId);
        return c.contentRoot == 0 ? bytes("") : minhashOf(contributionId);
    }

    function contributionByRoot(bytes32 contentRoot) external view returns (uint64 contributionId) {
        return state().roots[contentRoot];
    }

    function contributionsOf(
        uint64 datanetId,
        uint64 start,
        uint32 count
    ) external view returns (uint64[] memory contributionIds) {
        requireBetween(count, PAGE_ITEMS);
        DatanetState storage d = datanetOf(datanetId);
        uint256 left = start < d.order.length ? d.order.length - start : 0;
        contributionIds = new uint64[](count < left ? count : left);
        for (uint256 i = 0; i < contributionIds.length; i++) contributionIds[i] = d.order[start + i];
    }

    function panelOf(uint64 contributionId) external view returns (PanelSeat[] memory seats) {
        ContributionState storage c = contributionOf(contributionId);
        if (c.scoreCommitEndBlock == 0) return seats;
        DatanetState storage d = state().datanets[c.datanetId];
        seats = new PanelSeat[](c.panel.count());
        uint256 place = 0;
        for (uint8 seat = 0; seat < SCORERS; seat++) {
            if (!c.panel.has(seat)) continue;
            PanelSeat memory one = seats[place];
            one.seat = seat;
            if (sameScorer(d, c, seat)) one.account = d.scorers[seat].account;
            one.weight = uint16(weightAt(c, place));
            one.committed = c.scorersCommitted.has(seat);
            one.revealed = c.scorersRevealed.has(seat);
            if (one.revealed) (one.qualityBps, one.differs, one.reason) = reportAt(c, place);
            place++;
        }
    }
}
