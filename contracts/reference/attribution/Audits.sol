// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStaking} from "contracts/interfaces/IStaking.sol";
import {books} from "../Money.sol";
import {
    APPEALED,
    AUDITS_PER_CALL,
    AUDIT_OPEN,
    CHALLENGED,
    CHALLENGE_RETURNED,
    MARKED_WRONG,
    NOT_DRAWN,
    RECEIPTS_PER_CALL,
    SETTLED,
    UNAUDITED
} from "./AttributionBase.sol";
import {
    StoredAudit,
    StoredAuditor,
    StoredBatch,
    StoredChallenge,
    StoredHost,
    StoredReceipt,
    root
} from "./AttributionStorage.sol";
import {Governance} from "./Governance.sol";

/// @title Draws, commits and reveals of audits, and marks
abstract contract Audits is Governance {
    uint64 private constant RING_BLOCKS = 8192;
    uint8 private constant VERDICT_OK = 1;
    uint8 private constant VERDICT_UNDECIDED = 5;
    uint256 private constant DIGEST_TOLERANCE_BITS = 2;

    enum Draw {
        none,
        opened,
        notYet
    }

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

    // ---- the draw -----------------------------------------------------------------------------------------------

    function drawAudits(bytes32[] calldata receiptIds) external returns (uint8[] memory statuses) {
        checkCount(receiptIds.length, RECEIPTS_PER_CALL);
        statuses = new uint8[](receiptIds.length);
        for (uint256 i = 0; i < receiptIds.length; i++) {
            StoredReceipt storage receipt = existingReceipt(receiptIds[i]);
            if (receipt.status == SETTLED) drawAudit(receiptIds[i], receipt);
            statuses[i] = receipt.status;
        }
    }

    /// @dev Draws the audit of a settled receipt, unless that is done.
    function drawAudit(bytes32 receiptId, StoredReceipt storage receipt) internal returns (Draw) {
        if (receipt.flags & (UNAUDITED | NOT_DRAWN) != 0) return Draw.none;
        bool isChallenged = receipt.flags & CHALLENGED != 0;
        uint40 settledBlock = root().batches[receipt.batchId].settledBlock;
        bytes32 randao = randomnessAfter(isChallenged ? root().challenges[receiptId].challengeBlock : settledBlock);
        if (randao == 0) return Draw.notYet;
        bytes32 seed = keccak256(abi.encodePacked(randao, receiptId));
        bool isWon = isChallenged || uint256(seed) % 10_000 < rules().auditRateBps;
        if (!isWon) return skip(receiptId, receipt, NOT_DRAWN);
        uint32[] memory seated = drawCommittee(seed, candidates(receiptId, receipt));
        if (seated.length == 0) return skip(receiptId, receipt, UNAUDITED);
        openAudit(receiptId, receipt, seed, seated);
        return Draw.opened;
    }

    /// @dev Of the block after this one, or of the newest a multiple of the ring's size later; zero while it is not there.
    function randomnessAfter(uint64 blockNumber) private view returns (bytes32) {
        uint64 wanted = blockNumber + 1;
        while (wanted + RING_BLOCKS <= block.number) wanted += RING_BLOCKS;
        return IStaking(staking).randomness(wanted);
    }

    function skip(bytes32 receiptId, StoredReceipt storage receipt, uint8 flag) private returns (Draw) {
        receipt.flags |= flag;
        if (receipt.flags & CHALLENGED != 0) dropChallenge(receiptId);
        emit AuditSkipped(receiptId, receipt.flags);
        return Draw.none;
    }

    function dropChallenge(bytes32 receiptId) private {
        StoredChallenge storage challenge = root().challenges[receiptId];
        uint256 bondWei = challenge.bondWei;
        returnChallengeBond(receiptId);
        emit ChallengeDropped(receiptId, challenge.challenger, bondWei);
    }

    /// @dev Unless it was paid out already.
    function returnChallengeBond(bytes32 receiptId) internal {
        StoredChallenge storage challenge = root().challenges[receiptId];
        uint256 bondWei = challenge.bondWei;
        challenge.bondWei = 0;
        creditBond(challenge.challenger, CHALLENGE_RETURNED, receiptId, bondWei);
    }

    /// @dev Ids of the auditors that may sit, in the order of their list.
    function candidates(
        bytes32 receiptId,
        StoredReceipt storage receipt
    ) private view returns (uint32[] memory ids) {
        StoredBatch storage batch = root().batches[receipt.batchId];
        StoredHost storage host = root().hosts[receipt.hostId];
        uint32[] storage list = root().auditorsOf[batch.baseModelId];
        ids = new uint32[](list.length);
        uint256 count = 0;
        for (uint256 i = 0; i < list.length; i++) {
            StoredAuditor storage auditor = root().auditors[list[i]];
            if (auditor.account == host.account || auditor.account == host.signer) continue;
            if (auditor.account == root().challenges[receiptId].challenger) continue;
            if (auditor.activeBlock > batch.settledBlock) continue;
            if (receipt.grantId == 0 || isGranted(auditor.account, receipt.grantId)) ids[count++] = list[i];
        }
        assembly ("memory-safe") {
            mstore(ids, count)
        }
    }

    function isGranted(address account, uint32 grantId) private view returns (bool) {
        address[] storage list = root().grants[grantId];
        for (uint256 i = 0; i < list.length; i++) if (list[i] == account) return true;
        return false;
    }

    /// @return seats ids of the auditors; empty when there are fewer candidates than seats
    function drawCommittee(bytes32 seed, uint32[] memory ids) private view returns (uint32[] memory seats) {
        if (ids.length < auditCommittee) return seats;
        seats = new uint32[](auditCommittee);
        for (uint8 seat = 0; seat < auditCommittee; seat++) {
            uint256 totalWei = 0;
            for (uint256 i = 0; i < ids.length; i++) totalWei += bondOf(ids[i]);
            uint256 ticket = uint256(keccak256(abi.encodePacked(seed, seat))) % totalWei;
            uint256 drawn = 0;
            for (; ticket >= bondOf(ids[drawn]); drawn++) ticket -= bondOf(ids[drawn]);
            seats[seat] = ids[drawn];
            ids[drawn] = 0; // number 0 is nobody's and has no bond
        }
    }

    function bondOf(uint32 auditorId) private view returns (uint256) {
        return root().auditors[auditorId].bondWei;
    }

    function openAudit(
        bytes32 receiptId,
        StoredReceipt storage receipt,
        bytes32 auditSeed,
        uint32[] memory committeeIds
    ) private {
        StoredAudit storage audit = root().audits[receiptId];
        audit.seats = uint8(committeeIds.length);
        audit.auditor0 = committeeIds[0];
        audit.auditor1 = committeeIds.length > 1 ? committeeIds[1] : 0;
        audit.auditor2 = committeeIds.length > 2 ? committeeIds[2] : 0;
        audit.commitEndBlock = thisBlock() + auditCommitBlocks;
        audit.revealEndBlock = audit.commitEndBlock + auditRevealBlocks;
        receipt.status = AUDIT_OPEN;
        address[] memory accounts = accountsOf(audit);
        emit AuditOpened(receiptId, auditSeed, accounts, audit.commitEndBlock, audit.revealEndBlock);
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

    function accountsOf(StoredAudit storage audit) internal view returns (address[] memory accounts) {
        uint32[3] memory ids = idsOf(audit);
        accounts = new address[](audit.seats);
        for (uint256 i = 0; i < accounts.length; i++) accounts[i] = root().auditors[ids[i]].account;
    }

    function idsOf(StoredAudit storage audit) private view returns (uint32[3] memory) {
        return [audit.auditor0, audit.auditor1, audit.auditor2];
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
