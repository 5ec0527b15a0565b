// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {books} from "../Money.sol";
import {
    APPEALED,
    AUDITS_PER_CALL,
    AUDIT_OPEN,
    CHALLENGED,
    MARKED_WRONG,
    NOT_DRAWN,
    SETTLED,
    UNAUDITED
} from "./AttributionBase.sol";
import {StoredAudit, StoredChallenge, StoredReceipt, root} from "./AttributionStorage.sol";
import {Draws} from "./Draws.sol";

/// @title Commits and reveals of audits, challenges, and marks
abstract contract Audits is Draws {
    uint8 private constant VERDICT_OK = 1;
    uint8 private constant VERDICT_UNDECIDED = 5;
    uint256 private constant DIGEST_TOLERANCE_BITS = 2;

    enum Outcome {
        ok,
        against,
        noQuorum
    }

    struct Seat {
        uint32 auditorId;
        address account;
        uint8 verdict; // zero before the reveal
        uint80 digest;
    }

    // ---- commits and reveals ------------------------------------------------------------------------------------

    function commitAudit(bytes32[] calldata receiptIds, bytes32 commitment) external {
        checkCount(receiptIds.length, AUDITS_PER_CALL);
        if (commitment == 0) revert ZeroCommitment();
        for (uint256 i = 0; i < receiptIds.length; i++) {
            (StoredAudit storage audit, uint256 seat) = ownSeat(receiptIds[i]);
            if (block.number > audit.commitEndBlock) revert TooLate(audit.commitEndBlock);
            uint8 bit = uint8(1 << seat);
            if (audit.committed & bit != 0) revert AlreadyCommitted(receiptIds[i]);
            audit.committed |= bit;
        }
        root().auditCommitments[msg.sender][commitment] = keccak256(abi.encode(receiptIds));
        emit AuditCommitted(msg.sender, commitment, receiptIds);
    }

    function revealAudit(
        bytes32[] calldata receiptIds,
        uint8[] calldata verdicts,
        bytes32[] calldata digests,
        bytes32 salt
    ) external {
        checkCount(receiptIds.length, AUDITS_PER_CALL);
        bool fits = verdicts.length == receiptIds.length && digests.length == receiptIds.length;
        if (!fits) revert LengthMismatch();
        bytes32 commitment = keccak256(abi.encode(msg.sender, receiptIds, verdicts, digests, salt));
        mapping(bytes32 => bytes32) storage commitments = root().auditCommitments[msg.sender];
        if (commitments[commitment] != keccak256(abi.encode(receiptIds))) revert UnknownCommitment(commitment);
        commitments[commitment] = 0;
        for (uint256 i = 0; i < receiptIds.length; i++) recordVerdict(receiptIds[i], verdicts[i], digests[i]);
    }

    function recordVerdict(bytes32 receiptId, uint8 verdict, bytes32 digest) private {
        (StoredAudit storage audit, uint256 seat) = ownSeat(receiptId);
        if (block.number > audit.revealEndBlock) revert TooLate(audit.revealEndBlock);
        if (!commitsClosed(audit)) revert TooEarly(audit.commitEndBlock + 1);
        if (verdict == 0 || verdict > VERDICT_UNDECIDED) revert InvalidVerdict(verdict);
        audit.revealed |= uint8(1 << seat);
        audit.verdicts |= uint16(uint256(verdict) << (4 * seat));
        audit.digests[seat] = uint80(bytes10(digest));
        audit.lastRevealBlock = thisBlock();
        emit AuditRevealed(receiptId, msg.sender, verdict, digest);
    }

    /// @dev The caller's seat in an open audit.
    function ownSeat(bytes32 receiptId) private view returns (StoredAudit storage audit, uint256 seat) {
        uint8 status = existingReceipt(receiptId).status;
        if (status != AUDIT_OPEN) revert WrongStatus(receiptId, status);
        audit = root().audits[receiptId];
        address[] memory accounts = accountsOf(audit);
        for (; seat < accounts.length; seat++) if (accounts[seat] == msg.sender) return (audit, seat);
        revert NotInCommittee(receiptId, msg.sender);
    }

    /// @dev No more commits can come.
    function commitsClosed(StoredAudit storage audit) private view returns (bool) {
        bool allCommitted = audit.committed == (uint256(1) << audit.seats) - 1;
        return allCommitted || block.number > audit.commitEndBlock;
    }

    /// @dev No more reveals can come.
    function revealsClosed(StoredAudit storage audit) internal view returns (bool) {
        if (block.number > audit.revealEndBlock) return true;
        return commitsClosed(audit) && audit.revealed == audit.committed;
    }

    /// @dev Last block in which the finding can be appealed with a bond, once no more reveals can come.
    function appealEndBlock(StoredAudit storage audit) internal view returns (uint40) {
        if (audit.committed == 0) return audit.commitEndBlock + appealBlocks;
        bool allRevealed = audit.revealed == audit.committed;
        return (allRevealed ? audit.lastRevealBlock : audit.revealEndBlock) + appealBlocks;
    }

    // ---- the result ---------------------------------------------------------------------------------------------

    function seatsOf(StoredAudit storage audit) internal view returns (Seat[] memory seats) {
        address[] memory accounts = accountsOf(audit);
        uint32[3] memory ids = idsOf(audit);
        seats = new Seat[](accounts.length);
        for (uint256 i = 0; i < seats.length; i++) {
            seats[i] = Seat(ids[i], accounts[i], uint8((audit.verdicts >> (4 * i)) & 15), audit.digests[i]);
        }
    }

    /// @dev For the receipt.
    function isOk(uint8 verdict) internal pure returns (bool) {
        return verdict == VERDICT_OK;
    }

    function isAgainst(uint8 verdict) internal pure returns (bool) {
        return verdict > VERDICT_OK && verdict < VERDICT_UNDECIDED;
    }

    function isOnSide(uint8 verdict, Outcome side) internal pure returns (bool) {
        return (side == Outcome.ok && isOk(verdict)) || (side == Outcome.against && isAgainst(verdict));
    }

    function countSide(Seat[] memory seats, Outcome side) private pure returns (uint256 count) {
        for (uint256 i = 0; i < seats.length; i++) if (isOnSide(seats[i].verdict, side)) count++;
    }

    /// @dev The verdict of more than half of all seats.
    function outcomeOf(Seat[] memory seats) internal pure returns (Outcome) {
        if (2 * countSide(seats, Outcome.ok) > seats.length) return Outcome.ok;
        return 2 * countSide(seats, Outcome.against) > seats.length ? Outcome.against : Outcome.noQuorum;
    }

    function disagrees(Seat[] memory seats) internal pure returns (bool) {
        return countSide(seats, Outcome.ok) > 0 && countSide(seats, Outcome.against) > 0;
    }

    /// @dev Seats of the side that won whose digest agrees with another's of it, or all of it when no two agree.
    function paidSeats(Seat[] memory seats, Outcome won) internal pure returns (address[] memory paid) {
        paid = new address[](seats.length);
        uint256 count = 0;
        for (uint256 i = 0; i < seats.length; i++) if (hasAgreeing(seats, won, i)) paid[count++] = seats[i].account;
        for (uint256 i = 0; i < seats.length && !anyAgree(seats, won); i++) {
            if (isOnSide(seats[i].verdict, won)) paid[count++] = seats[i].account;
        }
        assembly ("memory-safe") {
            mstore(paid, count)
        }
    }

    function anyAgree(Seat[] memory seats, Outcome won) private pure returns (bool) {
        for (uint256 i = 0; i < seats.length; i++) if (hasAgreeing(seats, won, i)) return true;
        return false;
    }

    function hasAgreeing(Seat[] memory seats, Outcome won, uint256 i) private pure returns (bool) {
        if (!isOnSide(seats[i].verdict, won)) return false;
        for (uint256 j = 0; j < seats.length; j++) {
            if (j != i && isOnSide(seats[j].verdict, won) && agree(seats[i].digest, seats[j].digest)) return true;
        }
        return false;
    }

    function agree(uint80 a, uint80 b) private pure returns (bool) {
        uint256 different = 0;
        for (uint80 bits = a ^ b; bits != 0; bits >>= 1) different += bits & 1;
        return different <= DIGEST_TOLERANCE_BITS;
    }

    // ---- challenges ---------------------------------------------------------------------------------------------

    function challengeReceipt(ReceiptFacts calldata facts) external payable {
        bytes32 receiptId = facts.receiptId;
        StoredReceipt storage receipt = provenReceipt(facts);
        if (msg.value != receiptChallengeBondWei) revert WrongBond(msg.value, receiptChallengeBondWei);
        if (receipt.status != SETTLED) revert WrongStatus(receiptId, receipt.status);
        if (msg.sender == root().hosts[receipt.hostId].account) revert OwnReceipt(receiptId);
        if (receipt.flags & CHALLENGED != 0) revert AlreadyChallenged(receiptId);
        bool isUnaudited = receipt.flags & UNAUDITED != 0;
        if (isUnaudited && msg.sender != facts.requester) revert NotRequester(msg.sender);
        requireInChallengeWindow(receipt);
        // a committee that chance has drawn is not exchanged for another
        drawAudit(receiptId, receipt);
        if (receipt.status != SETTLED) revert WrongStatus(receiptId, receipt.status);
        receipt.flags = (receipt.flags & ~(UNAUDITED | NOT_DRAWN)) | CHALLENGED;
        root().challenges[receiptId] = StoredChallenge(msg.sender, uint96(msg.value), thisBlock());
        books().bondsWei += uint128(msg.value);
        emit ReceiptChallenged(receiptId, msg.sender, msg.value);
    }

    function getChallenge(bytes32 receiptId) external view returns (ReceiptChallenge memory challenge) {
        existingReceipt(receiptId);
        StoredChallenge storage c = root().challenges[receiptId];
        return ReceiptChallenge(c.challenger, c.bondWei, c.challengeBlock);
    }

    // ---- marks --------------------------------------------------------------------------------------------------

    function markWrong(ReceiptFacts calldata facts) external {
        StoredReceipt storage receipt = provenReceipt(facts);
        if (facts.requester != msg.sender) revert NotRequester(msg.sender);
        if (receipt.status > APPEALED) revert WrongStatus(facts.receiptId, receipt.status);
        requireInChallengeWindow(receipt);
        if (receipt.flags & MARKED_WRONG != 0) revert AlreadyMarked(facts.receiptId);
        receipt.flags |= MARKED_WRONG;
        emit MarkedWrong(facts.receiptId, facts.requester);
    }

    // ---- views --------------------------------------------------------------------------------------------------

    function getAudit(bytes32 receiptId) external view returns (Audit memory info) {
        existingReceipt(receiptId);
        StoredAudit storage audit = root().audits[receiptId];
        Seat[] memory seats = seatsOf(audit);
        info.committee = accountsOf(audit);
        info.commitEndBlock = audit.commitEndBlock;
        info.revealEndBlock = audit.revealEndBlock;
        info.committed = audit.committed;
        info.revealed = audit.revealed;
        info.lastRevealBlock = audit.lastRevealBlock;
        if (audit.seats > 0 && revealsClosed(audit)) info.appealEndBlock = appealEndBlock(audit);
        info.verdicts = new uint8[](seats.length);
        info.digests = new bytes10[](seats.length);
        for (uint256 i = 0; i < seats.length; i++) {
            info.verdicts[i] = seats[i].verdict;
            info.digests[i] = bytes10(seats[i].digest);
        }
    }

    function committee(bytes32 receiptId) external view returns (address[] memory auditors) {
        existingReceipt(receiptId);
        return accountsOf(root().audits[receiptId]);
    }
}
