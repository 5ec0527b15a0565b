// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterRegistry} from "contracts/interfaces/IAdapterRegistry.sol";
import {books} from "../Money.sol";
import {NATIVE_HOST, blobId} from "../NativeHost.sol";
import {
    ADAPTERS,
    APPEALED,
    AUDITED,
    AUDIT_OPEN,
    BLOB_BYTES,
    CHALLENGE_LOST,
    CORRECTION_BLOB,
    FINAL,
    MARKED_WRONG,
    RECEIPTS_PER_CALL,
    REFUNDED,
    REJECTED,
    ROYALTY,
    SETTLED,
    SLASHED_BOND,
    TO_APPLICATION,
    TO_AUDITOR,
    TO_CHALLENGER,
    TO_FINALIZER,
    TO_HOST,
    TO_OWNER,
    TO_STAKERS,
    TO_TREASURY,
    bpsOf,
    minOf
} from "./AttributionBase.sol";
import {Appeals} from "./Appeals.sol";
import {
    StoredAppeal,
    StoredAudit,
    StoredAuditor,
    StoredBatch,
    StoredChallenge,
    StoredHost,
    StoredReceipt,
    StoredWindow,
    root
} from "./AttributionStorage.sol";
import {AUDITOR_ACTIVE, Auditors} from "./Auditors.sol";

// what became of a receipt in `finalize`
uint8 constant FINALIZED_NOW = 1;
uint8 constant REJECTED_NOW = 2;
uint8 constant REFUNDED_NOW = 3;
uint8 constant ALREADY_FINAL = 4;
uint8 constant NOT_YET = 5;
uint8 constant UNKNOWN_RECEIPT = 6;
uint8 constant FACTS_DO_NOT_MATCH = 7;
uint8 constant ROW_NEEDED = 8;
uint8 constant AUDIT_OPENED = 9;
uint8 constant APPEAL_OPENED = 10;

/// @title How receipts end
abstract contract Finalisation is Auditors, Appeals {
    uint256 private constant PAID_AUDITORS = 64;
    uint8 private constant CAUSE_SILENT = 1;
    uint8 private constant CAUSE_OVERTURNED = 2;

    /// @dev Rows to take out of one window.
    struct Correction {
        uint64 adapterId; // zero: none
        uint64 windowIndex;
        bytes[] rows; // uint16 weight ‖ row
    }

    /// @dev How a receipt ends.
    struct Ending {
        uint8 status;
        bool audited;
        address[] paidAuditors;
        Seat[] seats; // none without an audit
        bool appealed;
        Tally tally; // of the appeal
        address[] voters; // electors for the side that it ends with
    }

    /// @dev What auditors and finalizer get out of a fund.
    struct Work {
        uint256 auditorWei; // each
        uint256 auditorsWei;
        uint256 finalizerWei;
        uint256 restWei;
    }

    function finalize(
        ReceiptFacts[] calldata facts,
        bytes[] calldata queryRows
    ) external returns (uint8[] memory finalisations) {
        checkCount(facts.length, RECEIPTS_PER_CALL);
        if (queryRows.length != facts.length) revert LengthMismatch();
        finalisations = new uint8[](facts.length);
        Correction[] memory corrections = new Correction[](facts.length); // in the order of their first rows
        for (uint256 i = 0; i < facts.length; i++) {
            finalisations[i] = finalizeOne(facts[i], queryRows[i], corrections);
        }
        for (uint256 i = 0; i < corrections.length; i++) if (corrections[i].adapterId != 0) record(corrections[i]);
    }

    function finalizeOne(
        ReceiptFacts calldata facts,
        bytes calldata queryRow,
        Correction[] memory corrections
    ) private returns (uint8) {
        StoredReceipt storage receipt = root().receipts[facts.receiptId];
        if (receipt.status == 0) return UNKNOWN_RECEIPT;
        if (receipt.status > APPEALED) return ALREADY_FINAL;
        if (receipt.digest != keccak256(abi.encode(facts))) return FACTS_DO_NOT_MATCH;
        Ending memory ending;
        uint8 code = endingOf(facts, receipt, ending);
        if (code != 0) return code;
        if (ending.status != FINAL || receipt.flags & MARKED_WRONG != 0) {
            if (keccak256(queryRow) != facts.queryRowHash) return ROW_NEEDED;
            takeOut(receipt, queryRow, corrections);
        }
        end(receipt, ending);
        for (uint256 i = 0; i < ending.seats.length; i++) takeLosses(facts.receiptId, ending.seats[i], ending);
        if (ending.appealed) endAppeal(facts.receiptId, ending);
        if (ending.status == FINAL) payFinal(facts, receipt, ending);
        else reverse(facts, receipt, ending);
        if (ending.status == FINAL) divideChallengeBond(facts.receiptId, receipt, ending.paidAuditors);
        else returnChallengeBond(facts.receiptId);
        if (ending.status == FINAL) return FINALIZED_NOW;
        return ending.status == REJECTED ? REJECTED_NOW : REFUNDED_NOW;
    }

    /// @return code why the receipt does not end now, or zero
    function endingOf(
        ReceiptFacts calldata facts,
        StoredReceipt storage receipt,
        Ending memory ending
    ) private returns (uint8 code) {
        uint8 status = receipt.status;
        if (status == SETTLED) code = withoutAudit(facts.receiptId, receipt, ending);
        else if (status == AUDIT_OPEN) code = byCommittee(facts, receipt, ending);
        else code = byAppeal(facts.receiptId, ending);
        if (code != 0) return code;
        bool isYoung = block.number < root().batches[receipt.batchId].settledBlock + challengeWindowBlocks;
        return isYoung ? NOT_YET : 0;
    }

    function withoutAudit(
        bytes32 receiptId,
        StoredReceipt storage receipt,
        Ending memory ending
    ) private returns (uint8) {
        Draw draw = drawAudit(receiptId, receipt);
        if (draw == Draw.opened) return AUDIT_OPENED;
        if (draw == Draw.notYet) return NOT_YET;
        ending.status = FINAL;
        return 0;
    }

    function byCommittee(
        ReceiptFacts calldata facts,
        StoredReceipt storage receipt,
        Ending memory ending
    ) private returns (uint8) {
        StoredAudit storage audit = root().audits[facts.receiptId];
        if (!revealsClosed(audit)) return NOT_YET;
        if (isDisputed(facts.receiptId, receipt)) {
            open(facts, receipt, address(0), 0);
            return APPEAL_OPENED;
        }
        if (block.number <= appealEndBlock(audit)) return NOT_YET;
        ending.seats = seatsOf(audit);
        endWith(ending, outcomeOf(ending.seats));
        return 0;
    }

    function byAppeal(bytes32 receiptId, Ending memory ending) private view returns (uint8) {
        StoredAppeal storage appeal = root().appeals[receiptId];
        if (!appealClosed(appeal)) return NOT_YET;
        Elector[] memory electors = electorsOf(receiptId);
        ending.seats = seatsOf(root().audits[receiptId]);
        ending.appealed = true;
        ending.tally = tallyOf(electors);
        ending.voters = votersFor(electors, ending.tally.outcome);
        endWith(ending, ending.tally.outcome);
        return 0;
    }

    /// @dev Says how the receipt ends and who is paid: seats, then voters, each account once.
    function endWith(Ending memory ending, Outcome outcome) private pure {
        ending.audited = outcome == Outcome.ok;
        ending.status = outcome == Outcome.ok ? FINAL : outcome == Outcome.against ? REJECTED : REFUNDED;
        address[] memory seats = paidSeats(ending.seats, outcome);
        address[] memory paid = new address[](seats.length + ending.voters.length);
        uint256 count = 0;
        for (uint256 i = 0; i < paid.length && count < PAID_AUDITORS; i++) {
            address account = i < seats.length ? seats[i] : ending.voters[i - seats.length];
            bool isNew = true;
            for (uint256 j = 0; j < count; j++) if (paid[j] == account) isNew = false;
            if (isNew) paid[count++] = account;
        }
        assembly ("memory-safe") {
            mstore(paid, count)
        }
        ending.paidAuditors = paid;
    }

    // ---- corrections --------------------------------------------------------------------------------------------

    function takeOut(
        StoredReceipt storage receipt,
        bytes calldata queryRow,
        Correction[] memory corrections
    ) private view {
        StoredBatch storage batch = root().batches[receipt.batchId];
        uint256 i = 0;
        while (corrections[i].adapterId != 0 && !isOf(corrections[i], batch)) i++;
        Correction memory correction = corrections[i];
        correction.adapterId = batch.adapterId;
        correction.windowIndex = batch.windowIndex;
        bytes[] memory rows = new bytes[](correction.rows.length + 1);
        for (uint256 j = 0; j < correction.rows.length; j++) rows[j] = correction.rows[j];
        rows[rows.length - 1] = abi.encodePacked(receipt.weight, queryRow);
        correction.rows = rows;
    }

    function isOf(Correction memory correction, StoredBatch storage batch) private view returns (bool) {
        return correction.adapterId == batch.adapterId && correction.windowIndex == batch.windowIndex;
    }

    /// @dev As many rows a blob as fit.
    function record(Correction memory correction) private {
        StoredWindow storage window = root().windows[correction.adapterId][correction.windowIndex];
        uint256 perBlob = BLOB_BYTES / correction.rows[0].length;
        for (uint256 i = 0; i < correction.rows.length; ) {
            bytes memory blob = "";
            for (uint256 j = 0; j < perBlob && i < correction.rows.length; j++) blob = bytes.concat(blob, correction.rows[i++]);
            uint256[] memory keys = new uint256[](3);
            (keys[0], keys[1], keys[2]) = (correction.adapterId, correction.windowIndex, window.corrections);
            NATIVE_HOST.writeBlob(blobId(CORRECTION_BLOB, keys), blob);
            window.corrections += 1;
        }
    }

    // ---- seats and bonds ----------------------------------------------------------------------------------------

    /// @dev For silence, and for a verdict that an appeal overturned.
    function takeLosses(bytes32 receiptId, Seat memory seat, Ending memory ending) private {
        StoredAuditor storage auditor = root().auditors[seat.auditorId];
        if (seat.verdict == 0) slashAuditor(receiptId, auditor, CAUSE_SILENT, bpsOf(auditor.bondWei, auditorMissBps));
        if (!ending.appealed) return;
        Outcome outcome = ending.tally.outcome;
        bool isOverturned = (outcome == Outcome.ok && isAgainst(seat.verdict)) ||
            (outcome == Outcome.against && isOk(seat.verdict));
        if (isOverturned) {
            slashAuditor(receiptId, auditor, CAUSE_OVERTURNED, bpsOf(auditor.bondWei, auditorSlashBps));
        }
    }

    function slashAuditor(
        bytes32 receiptId,
        StoredAuditor storage auditor,
        uint8 cause,
        uint256 amountWei
    ) private {
        if (amountWei == 0) return;
        auditor.bondWei -= uint96(amountWei);
        creditBond(treasury, SLASHED_BOND, receiptId, amountWei);
        emit AuditorSlashed(auditor.account, auditor.baseModelId, receiptId, cause, amountWei);
        if (auditor.status == AUDITOR_ACTIVE && auditor.bondWei < auditorBondMinWei) endService(auditor);
    }

    function endAppeal(bytes32 receiptId, Ending memory ending) private {
        Tally memory t = ending.tally;
        emit AppealDecided(receiptId, ending.status, t.okWei, t.againstWei, t.totalWei);
        divideAppealBond(receiptId, outcomeOf(ending.seats), t.outcome, ending.voters);
    }

    /// @dev The receipt was right: auditors and host share the challenger's bond.
    function divideChallengeBond(
        bytes32 receiptId,
        StoredReceipt storage receipt,
        address[] memory paidAuditors
    ) private {
        StoredChallenge storage challenge = root().challenges[receiptId];
        uint256 bondWei = challenge.bondWei;
        challenge.bondWei = 0;
        uint256 restWei = shareOut(receiptId, bondWei, paidAuditors);
        creditBond(root().hosts[receipt.hostId].account, CHALLENGE_LOST, receiptId, restWei);
    }

    // ---- money --------------------------------------------------------------------------------------------------

    /// @dev The receipt is no longer open for its host and window.
    function end(StoredReceipt storage receipt, Ending memory ending) private {
        receipt.status = ending.status;
        if (ending.audited) receipt.flags |= AUDITED;
        root().hosts[receipt.hostId].openFeesWei -= receipt.feeWei;
        StoredBatch storage batch = root().batches[receipt.batchId];
        root().windows[batch.adapterId][batch.windowIndex].finished += 1;
    }

    function payFinal(ReceiptFacts calldata facts, StoredReceipt storage receipt, Ending memory ending) private {
        StoredBatch storage batch = root().batches[receipt.batchId];
        Shares memory shares = split(receipt.feeWei - facts.settlerWei, facts.application);
        Work memory work = payWork(shares.treasuryWei, ending.paidAuditors.length);
        shares.auditorsWei = work.auditorsWei;
        shares.finalizerWei = work.finalizerWei;
        shares.treasuryWei = work.restWei;

        bytes32 id = facts.receiptId;
        root().windows[batch.adapterId][batch.windowIndex].potWei += uint96(shares.contributorsWei);
        books().pendingWei -= uint128(shares.contributorsWei);
        books().potsWei += uint128(shares.contributorsWei);
        payOwners(batch.adapterId, id, shares.ownerWei);
        creditPending(root().hosts[receipt.hostId].account, TO_HOST, id, shares.hostWei);
        creditPending(staking, TO_STAKERS, id, shares.stakersWei);
        creditPending(facts.application, TO_APPLICATION, id, shares.applicationWei);
        for (uint256 i = 0; i < ending.paidAuditors.length; i++) {
            creditPending(ending.paidAuditors[i], TO_AUDITOR, id, work.auditorWei);
        }
        creditPending(msg.sender, TO_FINALIZER, id, work.finalizerWei);
        creditPending(treasury, TO_TREASURY, id, work.restWei);
        emit ReceiptFinalized(id, receipt.flags, shares);
    }

    function split(uint256 netWei, address application) private view returns (Shares memory s) {
        Governed memory r = rules();
        s.contributorsWei = bpsOf(netWei, r.contributorsBps);
        s.ownerWei = bpsOf(netWei, r.ownerBps);
        s.hostWei = bpsOf(netWei, r.hostBps);
        s.stakersWei = bpsOf(netWei, r.stakersBps);
        bool isPaid = application != address(0) && !isSystem(application);
        s.applicationWei = isPaid ? bpsOf(netWei, r.applicationBps) : 0;
        s.treasuryWei = netWei - s.contributorsWei - s.ownerWei - s.hostWei - s.stakersWei - s.applicationWei;
    }

    function payWork(uint256 fundWei, uint256 auditors) private view returns (Work memory work) {
        if (auditors > 0) work.auditorWei = bpsOf(fundWei, rules().auditorPayBps) / auditors;
        work.auditorsWei = work.auditorWei * auditors;
        work.finalizerWei = minOf(block.basefee * finalizeGas, bpsOf(fundWei, rules().finalizerCapBps));
        work.restWei = fundWei - work.auditorsWei - work.finalizerWei;
    }

    /// @dev Owners of the direct parents get their royalties out of the owner's part.
    function payOwners(uint64 adapterId, bytes32 id, uint256 ownerWei) private {
        IAdapterRegistry.Parent[] memory parents = ADAPTERS.parentsOf(adapterId);
        uint256 restWei = ownerWei;
        for (uint256 i = 0; i < parents.length; i++) {
            uint256 royaltyWei = bpsOf(ownerWei, parents[i].royaltyBps);
            restWei -= royaltyWei;
            creditPending(ADAPTERS.getAdapter(parents[i].adapterId).owner, ROYALTY, id, royaltyWei);
        }
        creditPending(ADAPTERS.getAdapter(adapterId).owner, TO_OWNER, id, restWei);
    }

    /// @dev Gives the fee back to the requester's free deposit; the settler's part of it only out of a slashed bond.
    function reverse(ReceiptFacts calldata facts, StoredReceipt storage receipt, Ending memory ending) private {
        uint256 compensationWei = ending.status == REJECTED ? slash(facts, receipt, ending.paidAuditors) : 0;
        uint256 netWei = receipt.feeWei - facts.settlerWei;
        books().pendingWei -= uint128(netWei);
        books().bondsWei -= uint128(compensationWei);
        books().depositsWei += uint128(netWei + compensationWei);
        root().deposits[facts.requester][address(0)].balanceWei += uint96(netWei + compensationWei);
        emit ReceiptReversed(facts.receiptId, facts.requester, ending.status, netWei + compensationWei, compensationWei);
    }

    /// @dev Takes the part of the bond that stands behind the receipt.
    /// @return compensationWei what of it goes to the requester, for what the settler got
    function slash(
        ReceiptFacts calldata facts,
        StoredReceipt storage receipt,
        address[] memory paidAuditors
    ) private returns (uint256 compensationWei) {
        StoredHost storage host = root().hosts[receipt.hostId];
        bytes32 id = facts.receiptId;
        uint256 slashedWei = minOf(host.bondWei, bpsOf(receipt.feeWei * hostBondMultiple, rules().hostSlashBps));
        host.bondWei -= uint96(slashedWei);
        compensationWei = minOf(facts.settlerWei, slashedWei);
        address challenger = root().challenges[id].challenger;
        uint256 challengerWei = challenger == address(0) ? 0 : minOf(slashedWei / 4, slashedWei - compensationWei);
        Work memory work = payWork(slashedWei - compensationWei - challengerWei, paidAuditors.length);
        creditBond(challenger, TO_CHALLENGER, id, challengerWei);
        for (uint256 i = 0; i < paidAuditors.length; i++) creditBond(paidAuditors[i], TO_AUDITOR, id, work.auditorWei);
        creditBond(msg.sender, TO_FINALIZER, id, work.finalizerWei);
        creditBond(treasury, SLASHED_BOND, id, work.restWei);
        emit HostSlashed(host.account, id, slashedWei);
    }
}
