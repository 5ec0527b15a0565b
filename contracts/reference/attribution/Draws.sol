// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStaking} from "contracts/interfaces/IStaking.sol";
import {
    AUDIT_OPEN,
    CHALLENGED,
    CHALLENGE_RETURNED,
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

/// @title Which receipts are audited, and by whom
abstract contract Draws is Governance {
    uint64 private constant RING_BLOCKS = 8192;

    enum Draw {
        none,
        opened,
        notYet
    }

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

    function accountsOf(StoredAudit storage audit) internal view returns (address[] memory accounts) {
        uint32[3] memory ids = idsOf(audit);
        accounts = new address[](audit.seats);
        for (uint256 i = 0; i < accounts.length; i++) accounts[i] = root().auditors[ids[i]].account;
    }

    function idsOf(StoredAudit storage audit) internal view returns (uint32[3] memory) {
        return [audit.auditor0, audit.auditor1, audit.auditor2];
    }
}
