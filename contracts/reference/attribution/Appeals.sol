// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {books} from "../Money.sol";
import {NATIVE_HOST, blobId} from "../NativeHost.sol";
import {
    APPEALED,
    APPEAL_LOST,
    APPEAL_RETURNED,
    AUDITS_PER_CALL,
    AUDIT_OPEN,
    ELECTOR_BLOB,
    RECEIPTS_PER_CALL,
    TO_AUDITOR,
    WAS_APPEALED
} from "./AttributionBase.sol";
import {
    StoredAppeal,
    StoredAudit,
    StoredAuditor,
    StoredBatch,
    StoredHost,
    StoredReceipt,
    root
} from "./AttributionStorage.sol";
import {Audits} from "./Audits.sol";
import {Vectors} from "./Vectors.sol";

/// @title Appeals to all auditors of a base model
abstract contract Appeals is Audits {
    uint8 private constant LAST_VERDICT = 5;
    uint256 private constant ELECTOR_BYTES = 32; // address, bond of 96 bits

    struct Elector {
        address account;
        uint96 bondWei; // as of the opening
        uint8 verdict; // zero before the reveal
    }

    struct Tally {
        uint256 totalWei;
        uint256 okWei;
        uint256 againstWei;
        Outcome outcome;
    }

    // ---- opening ------------------------------------------------------------------------------------------------

    function openAppeal(ReceiptFacts[] calldata facts) external returns (uint8[] memory statuses) {
        checkCount(facts.length, RECEIPTS_PER_CALL);
        statuses = new uint8[](facts.length);
        for (uint256 i = 0; i < facts.length; i++) {
            StoredReceipt storage receipt = provenReceipt(facts[i]);
            if (isDisputed(facts[i].receiptId, receipt)) open(facts[i], receipt, address(0), 0);
            statuses[i] = receipt.status;
        }
    }

    function appealReceipt(ReceiptFacts calldata facts) external payable {
        StoredReceipt storage receipt = provenReceipt(facts);
        if (msg.value != appealBondWei) revert WrongBond(msg.value, appealBondWei);
        if (receipt.status != AUDIT_OPEN) revert WrongStatus(facts.receiptId, receipt.status);
        StoredAudit storage audit = root().audits[facts.receiptId];
        if (!revealsClosed(audit)) revert TooEarly(audit.revealEndBlock + 1);
        if (isDisputed(facts.receiptId, receipt)) revert BondNotNeeded(facts.receiptId);
        uint64 lastBlock = appealEndBlock(audit);
        if (block.number > lastBlock) revert TooLate(lastBlock);
        books().bondsWei += uint128(msg.value);
        open(facts, receipt, msg.sender, msg.value);
    }

    /// @dev The committee has spoken, and not with one voice.
    function isDisputed(bytes32 receiptId, StoredReceipt storage receipt) internal view returns (bool) {
        if (receipt.status != AUDIT_OPEN) return false;
        StoredAudit storage audit = root().audits[receiptId];
        return revealsClosed(audit) && disagrees(seatsOf(audit));
    }

    /// @dev An appellant of zero has no bond.
    function open(
        ReceiptFacts calldata facts,
        StoredReceipt storage receipt,
        address appellant,
        uint256 bondWei
    ) internal {
        Elector[] memory electors = chosenElectors(facts, receipt);
        bytes memory blob = "";
        for (uint256 i = 0; i < electors.length; i++) {
            blob = bytes.concat(blob, abi.encodePacked(electors[i].account, electors[i].bondWei));
        }
        if (electors.length > 0) NATIVE_HOST.writeBlob(electorBlobId(facts.receiptId), blob);
        StoredAppeal storage appeal = root().appeals[facts.receiptId];
        appeal.appellant = appellant;
        appeal.bondWei = uint96(bondWei);
        appeal.commitEndBlock = thisBlock() + auditCommitBlocks;
        appeal.revealEndBlock = appeal.commitEndBlock + auditRevealBlocks;
        appeal.electors = uint8(electors.length);
        receipt.status = APPEALED;
        receipt.flags |= WAS_APPEALED;
        emit AppealOpened(
            facts.receiptId,
            appellant,
            accountsOf(electors),
            tallyOf(electors).totalWei,
            appeal.commitEndBlock,
            appeal.revealEndBlock
        );
    }

    /// @dev Active auditors who were registered when the receipt settled, without those whose own matter it is.
    function chosenElectors(
        ReceiptFacts calldata facts,
        StoredReceipt storage receipt
    ) private view returns (Elector[] memory electors) {
        StoredBatch storage batch = root().batches[receipt.batchId];
        uint32[] storage list = root().auditorsOf[batch.baseModelId];
        electors = new Elector[](list.length);
        uint256 count = 0;
        for (uint256 i = 0; i < list.length; i++) {
            StoredAuditor storage auditor = root().auditors[list[i]];
            if (auditor.activeBlock > batch.settledBlock) continue;
            if (!isParty(auditor.account, facts, receipt)) electors[count++] = Elector(auditor.account, auditor.bondWei, 0);
        }
        assembly ("memory-safe") {
            mstore(electors, count)
        }
    }

    function isParty(
        address account,
        ReceiptFacts calldata facts,
        StoredReceipt storage receipt
    ) private view returns (bool) {
        StoredHost storage host = root().hosts[receipt.hostId];
        if (account == host.account || account == host.signer || account == facts.requester) return true;
        return account == root().challenges[facts.receiptId].challenger;
    }

    function electorBlobId(bytes32 receiptId) private pure returns (bytes32) {
        uint256[] memory keys = new uint256[](1);
        keys[0] = uint256(receiptId);
        return blobId(ELECTOR_BLOB, keys);
    }

    // ---- votes --------------------------------------------------------------------------------------------------

    function commitAppeal(bytes32[] calldata receiptIds, bytes32 commitment) external {
        checkCount(receiptIds.length, AUDITS_PER_CALL);
        if (commitment == 0) revert ZeroCommitment();
        for (uint256 i = 0; i < receiptIds.length; i++) {
            (StoredAppeal storage appeal, uint256 elector) = ownVote(receiptIds[i]);
            if (block.number > appeal.commitEndBlock) revert TooLate(appeal.commitEndBlock);
            uint64 bit = uint64(1 << elector);
            if (appeal.committed & bit != 0) revert AlreadyCommitted(receiptIds[i]);
            appeal.committed |= bit;
        }
        root().appealCommitments[msg.sender][commitment] = keccak256(abi.encode(receiptIds));
        emit AppealCommitted(msg.sender, commitment, receiptIds);
    }

    function revealAppeal(bytes32[] calldata receiptIds, uint8[] calldata verdicts, bytes32 salt) external {
        checkCount(receiptIds.length, AUDITS_PER_CALL);
        if (verdicts.length != receiptIds.length) revert LengthMismatch();
        bytes32 commitment = keccak256(abi.encode(msg.sender, receiptIds, verdicts, salt));
        mapping(bytes32 => bytes32) storage commitments = root().appealCommitments[msg.sender];
        if (commitments[commitment] != keccak256(abi.encode(receiptIds))) revert UnknownCommitment(commitment);
        commitments[commitment] = 0;
        for (uint256 i = 0; i < receiptIds.length; i++) recordVote(receiptIds[i], verdicts[i]);
    }

    function recordVote(bytes32 receiptId, uint8 verdict) private {
        (StoredAppeal storage appeal, uint256 elector) = ownVote(receiptId);
        if (block.number > appeal.revealEndBlock) revert TooLate(appeal.revealEndBlock);
        if (!appealCommitsClosed(appeal)) revert TooEarly(appeal.commitEndBlock + 1);
        if (verdict == 0 || verdict > LAST_VERDICT) revert InvalidVerdict(verdict);
        appeal.revealed |= uint64(1 << elector);
        appeal.verdicts |= uint256(verdict) << (4 * elector);
        emit AppealRevealed(receiptId, msg.sender, verdict);
    }

    /// @dev The caller's place among the electors of an open appeal.
    function ownVote(bytes32 receiptId) private view returns (StoredAppeal storage appeal, uint256 elector) {
        uint8 status = existingReceipt(receiptId).status;
        if (status != APPEALED) revert WrongStatus(receiptId, status);
        appeal = root().appeals[receiptId];
        Elector[] memory electors = electorsOf(receiptId);
        for (; elector < electors.length; elector++) if (electors[elector].account == msg.sender) return (appeal, elector);
        revert NotElector(receiptId, msg.sender);
    }

    function electorsOf(bytes32 receiptId) internal view returns (Elector[] memory electors) {
        StoredAppeal storage appeal = root().appeals[receiptId];
        electors = new Elector[](appeal.electors);
        if (electors.length == 0) return electors;
        bytes memory blob = NATIVE_HOST.readBlob(address(this), electorBlobId(receiptId));
        for (uint256 i = 0; i < electors.length; i++) {
            uint256 word = Vectors.uintAt(blob, i * ELECTOR_BYTES, ELECTOR_BYTES);
            uint8 verdict = uint8((appeal.verdicts >> (4 * i)) & 15);
            electors[i] = Elector(address(uint160(word >> 96)), uint96(word), verdict);
        }
    }

    /// @dev No more commits can come.
    function appealCommitsClosed(StoredAppeal storage appeal) private view returns (bool) {
        bool allCommitted = appeal.committed == (uint256(1) << appeal.electors) - 1;
        return allCommitted || block.number > appeal.commitEndBlock;
    }

    /// @dev No more reveals can come.
    function appealClosed(StoredAppeal storage appeal) internal view returns (bool) {
        if (block.number > appeal.revealEndBlock) return true;
        return appealCommitsClosed(appeal) && appeal.revealed == appeal.committed;
    }

    // ---- the result ---------------------------------------------------------------------------------------------

    /// @dev A side has it with more than 2/3 of the electors' total bond.
    function tallyOf(Elector[] memory electors) internal pure returns (Tally memory t) {
        for (uint256 i = 0; i < electors.length; i++) {
            t.totalWei += electors[i].bondWei;
            if (isOk(electors[i].verdict)) t.okWei += electors[i].bondWei;
            if (isAgainst(electors[i].verdict)) t.againstWei += electors[i].bondWei;
        }
        t.outcome = Outcome.noQuorum;
        if (3 * t.okWei > 2 * t.totalWei) t.outcome = Outcome.ok;
        if (3 * t.againstWei > 2 * t.totalWei) t.outcome = Outcome.against;
    }

    function accountsOf(Elector[] memory electors) private pure returns (address[] memory accounts) {
        accounts = new address[](electors.length);
        for (uint256 i = 0; i < electors.length; i++) accounts[i] = electors[i].account;
    }

    /// @dev Who voted for a side.
    function votersFor(Elector[] memory electors, Outcome side) internal pure returns (address[] memory voters) {
        voters = new address[](electors.length);
        uint256 count = 0;
        for (uint256 i = 0; i < electors.length; i++) {
            if (isOnSide(electors[i].verdict, side)) voters[count++] = electors[i].account;
        }
        assembly ("memory-safe") {
            mstore(voters, count)
        }
    }

    /// @dev The appellant's bond: back, where the appeal says otherwise than the committee, or the committee said nothing.
    function divideAppealBond(bytes32 receiptId, Outcome found, Outcome decided, address[] memory voters) internal {
        StoredAppeal storage appeal = root().appeals[receiptId];
        uint256 bondWei = appeal.bondWei;
        appeal.bondWei = 0;
        if (found == Outcome.noQuorum || found != decided) {
            creditBond(appeal.appellant, APPEAL_RETURNED, receiptId, bondWei);
            return;
        }
        creditBond(treasury, APPEAL_LOST, receiptId, shareOut(receiptId, bondWei, voters));
    }

    /// @dev Half of a lost bond goes to these accounts in equal parts.
    /// @return restWei what is left of it
    function shareOut(
        bytes32 receiptId,
        uint256 bondWei,
        address[] memory accounts
    ) internal returns (uint256 restWei) {
        if (accounts.length == 0) return bondWei;
        uint256 eachWei = bondWei / 2 / accounts.length;
        for (uint256 i = 0; i < accounts.length; i++) creditBond(accounts[i], TO_AUDITOR, receiptId, eachWei);
        return bondWei - eachWei * accounts.length;
    }

    function getAppeal(bytes32 receiptId) external view returns (Appeal memory info) {
        StoredReceipt storage receipt = existingReceipt(receiptId);
        if (receipt.flags & WAS_APPEALED == 0) revert WrongStatus(receiptId, receipt.status);
        StoredAppeal storage appeal = root().appeals[receiptId];
        Elector[] memory electors = electorsOf(receiptId);
        Tally memory tally = tallyOf(electors);
        info.appellant = appeal.appellant;
        info.bondWei = appeal.bondWei;
        info.commitEndBlock = appeal.commitEndBlock;
        info.revealEndBlock = appeal.revealEndBlock;
        info.committed = appeal.committed;
        info.revealed = appeal.revealed;
        info.electors = accountsOf(electors);
        info.bondsWei = new uint96[](electors.length);
        info.verdicts = new uint8[](electors.length);
        for (uint256 i = 0; i < electors.length; i++) {
            info.bondsWei[i] = electors[i].bondWei;
            info.verdicts[i] = electors[i].verdict;
        }
        info.totalWei = tally.totalWei;
        info.okWei = tally.okWei;
        info.againstWei = tally.againstWei;
    }
}
