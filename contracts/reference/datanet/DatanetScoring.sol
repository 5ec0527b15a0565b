// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DatanetPanels} from "./DatanetPanels.sol";
import {ContributionState, DatanetState, Seats} from "./DatanetStorage.sol";

/// @title Scores: committed, then revealed
abstract contract DatanetScoring is DatanetPanels {
    using Seats for uint64;

    function commitScores(uint64[] calldata contributionIds, bytes32 commitment) external {
        requireBetween(contributionIds.length, SCORES_PER_CALL);
        if (commitment == 0) revert ZeroCommitment();
        for (uint256 i = 0; i < contributionIds.length; i++) {
            uint64 id = contributionIds[i];
            ContributionState storage c = contributionOf(id);
            uint8 seat = requireOnPanel(id, c);
            if (block.number > c.scoreCommitEndBlock) revert TooLate(c.scoreCommitEndBlock);
            if (c.scorersCommitted.has(seat)) revert AlreadyCommitted(id);
            c.scorersCommitted = c.scorersCommitted.with(seat);
        }
        state().scoreCommitments[msg.sender][commitment] = covered(contributionIds);
        emit ScoresCommitted(msg.sender, commitment, contributionIds);
    }

    /// @dev What a commitment is for: the contributions, each in its round.
    function covered(uint64[] calldata contributionIds) private view returns (bytes32) {
        uint40[] memory panelBlocks = new uint40[](contributionIds.length);
        for (uint256 i = 0; i < panelBlocks.length; i++) panelBlocks[i] = contributionOf(contributionIds[i]).panelBlock;
        return keccak256(abi.encode(contributionIds, panelBlocks));
    }

    function isScored(ContributionState storage c) internal view returns (bool) {
        return (c.status == SCORING || c.status == CHALLENGED) && c.scoreCommitEndBlock != 0;
    }

    function requireOnPanel(uint64 id, ContributionState storage c) private view returns (uint8) {
        if (!isScored(c)) revert WrongStatus(id, c.status);
        DatanetState storage d = state().datanets[c.datanetId];
        (bool seated, uint8 seat) = seatOf(d, msg.sender);
        if (!seated) revert NotScorer(msg.sender);
        if (!c.panel.has(seat) || !sameScorer(d, c, seat)) revert NotOnPanel(id, msg.sender);
        return seat;
    }

    function revealScores(
        uint64[] calldata contributionIds,
        ScoreReport[] calldata reports,
        bytes32 salt
    ) external {
        requireBetween(contributionIds.length, SCORES_PER_CALL);
        if (reports.length != contributionIds.length) revert LengthMismatch();
        bytes32 commitment = keccak256(abi.encode(msg.sender, contributionIds, reports, salt));
        bytes32 kept = state().scoreCommitments[msg.sender][commitment];
        if (kept == 0 || kept != covered(contributionIds)) revert UnknownCommitment(commitment);
        delete state().scoreCommitments[msg.sender][commitment];
        for (uint256 i = 0; i < contributionIds.length; i++) reveal(contributionIds[i], reports[i]);
    }

    function reveal(uint64 id, ScoreReport calldata report) private {
        ContributionState storage c = contributionOf(id);
        uint8 seat = requireOnPanel(id, c);
        bool early = block.number <= c.scoreCommitEndBlock && !seatedIn(c, c.scorersCommitted);
        if (early) revert TooEarly(uint64(c.scoreCommitEndBlock) + 1);
        if (block.number > c.scoreRevealEndBlock) revert TooLate(c.scoreRevealEndBlock);
        if (report.qualityBps > FULL_BPS) revert InvalidQuality(report.qualityBps);
        if (report.reason > REASON_MAX) revert InvalidReason(report.reason);
        bool matches = report.contentRoot == c.contentRoot && report.recordCount == c.recordCount
            && report.byteCount == c.byteCount && report.minhashHash == keccak256(minhashOf(id));
        c.scorersRevealed = c.scorersRevealed.with(seat);
        c.reports[c.panel.placeOf(seat)] = pack(report.qualityBps, !matches, report.reason);
        emit ScoreRevealed(
            id,
            msg.sender,
            matches,
            report.qualityBps,
            report.reason,
            report.contentRoot,
            report.recordCount,
            report.byteCount,
            report.minhashHash
        );
    }

    /// @dev Whether all on the panel who still have their seats are in the mask.
    function seatedIn(ContributionState storage c, uint64 mask) private view returns (bool) {
        return allSeatedIn(c, c.panel, mask);
    }

    function allSeatedIn(ContributionState storage c, uint64 of_, uint64 mask) internal view returns (bool) {
        DatanetState storage d = state().datanets[c.datanetId];
        for (uint256 seat = 0; seat < SCORERS; seat++) {
            if (of_.has(seat) && !mask.has(seat) && sameScorer(d, c, seat)) return false;
        }
        return true;
    }

    // ---- reports: 14 bits of quality, one for a difference, 3 of the reason

    function pack(uint16 qualityBps, bool differs, uint8 reason) private pure returns (uint32) {
        return uint32(qualityBps) | (differs ? 1 << 14 : 0) | (uint32(reason) << 15);
    }

    function reportAt(
        ContributionState storage c,
        uint256 place
    ) internal view returns (uint16 qualityBps, bool differs, uint8 reason) {
        uint32 packed = c.reports[place];
        return (uint16(packed & 0x3fff), packed & (1 << 14) != 0, uint8(packed >> 15));
    }
}
