// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterRegistry} from "contracts/interfaces/IAdapterRegistry.sol";
import {IProofOfAttribution} from "contracts/interfaces/IProofOfAttribution.sol";
import {ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS, NATIVE_HOST} from "../NativeHost.sol";
import {DatanetBase} from "./DatanetBase.sol";
import {ContributionState, DatanetState} from "./DatanetStorage.sol";

/// @title Commits and reveals of contributions
abstract contract DatanetContributions is DatanetBase {
    uint256 private constant MINHASH_BYTES = 512;
    uint256 private constant RECORDS_MAX = 1_000_000;
    uint256 private constant CONTENT_BYTES_MAX = 2 ** 40;
    uint256 private constant RECEIPTS_MAX = 16;
    uint8 private constant RECEIPT_FINAL = 4;
    /// @dev Half the order of secp256k1, rounded down.
    uint256 private constant LOW_S_MAX = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    function commitContribution(
        uint64 datanetId,
        bytes32 commitment
    ) external payable returns (uint64 contributionId) {
        requireCommit(datanetOf(datanetId), commitment);
        return store(datanetId, msg.sender, commitment);
    }

    function commitContributionFor(
        uint64 datanetId,
        address contributor,
        bytes32 commitment,
        uint64 deadlineBlock,
        bytes calldata signature
    ) external payable returns (uint64 contributionId) {
        if (block.number > deadlineBlock) revert TooLate(deadlineBlock);
        bytes32 digest = commitDigest(datanetId, contributor, commitment, deadlineBlock);
        address signer = signerOf(digest, signature);
        if (signer == address(0) || signer != contributor) revert InvalidSignature();
        state().nonces[contributor]++;
        requireCommit(datanetOf(datanetId), commitment);
        return store(datanetId, contributor, commitment);
    }

    function requireCommit(DatanetState storage d, bytes32 commitment) private view {
        if (commitment == 0) revert ZeroCommitment();
        if (msg.value < d.minBondWei) revert BondTooLow(msg.value, d.minBondWei);
    }

    /// @dev The caller pays the bond.
    function store(uint64 datanetId, address contributor, bytes32 commitment) private returns (uint64 contributionId) {
        DatanetState storage d = state().datanets[datanetId];
        contributionId = ++state().contributionCount;
        ContributionState storage c = state().contributions[contributionId];
        c.contributor = contributor;
        if (contributor != msg.sender) c.sponsor = msg.sender;
        c.datanetId = datanetId;
        c.status = COMMITTED;
        c.bondWei = uint96(msg.value);
        c.position = uint64(d.order.length);
        c.commitBlock = blockNow();
        c.bountyPerRecordWei = d.bountyPerRecordWei;
        c.acceptThresholdBps = d.acceptThresholdBps;
        c.commitment = commitment;
        d.order.push(contributionId);
        receiveBond(msg.value);
        emit ContributionCommitted(
            contributionId, datanetId, contributor, c.sponsor, commitment, c.bondWei, c.position
        );
    }

    function nonces(address contributor) external view returns (uint256 nonce) {
        return state().nonces[contributor];
    }

    function domainSeparator() public view returns (bytes32 separator) {
        bytes32 domainType =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        return keccak256(
            abi.encode(domainType, keccak256("OpenLedger"), keccak256("1"), block.chainid, address(this))
        );
    }

    function commitDigest(
        uint64 datanetId,
        address contributor,
        bytes32 commitment,
        uint64 deadlineBlock
    ) private view returns (bytes32) {
        bytes32 commitType = keccak256(
            "Commit(uint64 datanetId,bytes32 commitment,address sponsor,uint256 nonce,uint64 deadlineBlock,bytes32 genesisHash)"
        );
        uint256 nonce = state().nonces[contributor];
        bytes32 structHash = keccak256(
            abi.encode(commitType, datanetId, commitment, msg.sender, nonce, deadlineBlock, genesisHash)
        );
        return keccak256(abi.encodePacked(hex"1901", domainSeparator(), structHash));
    }

    /// @dev Zero when it is nobody's.
    function signerOf(bytes32 digest, bytes calldata signature) private pure returns (address) {
        if (signature.length != 65) return address(0);
        bytes32 r = bytes32(signature[:32]);
        bytes32 s = bytes32(signature[32:64]);
        uint8 v = uint8(signature[64]);
        if (v < 27) v += 27;
        if (uint256(s) > LOW_S_MAX) return address(0);
        return ecrecover(digest, v, r, s);
    }

    function revealContribution(uint64 contributionId, Claim calldata claim) external {
        ContributionState storage c = contributionOf(contributionId);
        requireRevealable(contributionId, c);
        requireClaim(claim);
        bytes32 computed = commitmentOf(c, claim);
        if (computed != c.commitment) revert CommitmentMismatch(computed);
        c.commitment = 0;
        if (!fitsKind(contributionId, c, claim)) {
            c.status = RETURNED;
            returnBond(contributionId, c);
            emit ContributionRefused(contributionId, c.datanetId, RETURNED, 0);
            return;
        }
        storeClaim(contributionId, c, claim);
        if (claim.kind == FEEDBACK) takeReceipts(contributionId, claim);
        emit ContributionRevealed(
            contributionId,
            c.datanetId,
            c.contributor,
            claim.kind,
            claim.targetId,
            claim.contentRoot,
            claim.recordCount,
            claim.byteCount,
            keccak256(claim.minhash)
        );
    }

    function requireRevealable(uint64 contributionId, ContributionState storage c) private view {
        if (msg.sender != c.contributor && (c.sponsor == address(0) || msg.sender != c.sponsor))
            revert NotContributor(msg.sender);
        if (c.status != COMMITTED) revert WrongStatus(contributionId, c.status);
        uint64 from = c.commitBlock + revealMinBlocks;
        uint64 last = c.commitBlock + revealMaxBlocks;
        if (block.number < from) revert TooEarly(from);
        if (block.number > last) revert TooLate(last);
    }

    function requireClaim(Claim calldata claim) private pure {
        if (claim.kind > FEEDBACK) revert InvalidKind(claim.kind);
        if (claim.minhash.length != MINHASH_BYTES) revert InvalidSignatureLength(claim.minhash.length);
        if (claim.recordCount == 0 || claim.byteCount == 0 || claim.contentRoot == 0) revert EmptyContribution();
        if (claim.recordCount > RECORDS_MAX) revert BoundExceeded(claim.recordCount, RECORDS_MAX);
        if (claim.byteCount > CONTENT_BYTES_MAX) revert BoundExceeded(claim.byteCount, CONTENT_BYTES_MAX);
    }

    function commitmentOf(ContributionState storage c, Claim calldata claim) private view returns (bytes32) {
        bytes32 receiptsHash = claim.kind == FEEDBACK ? keccak256(abi.encode(claim.receipts)) : bytes32(0);
        bytes memory facts = abi.encode(
            c.contributor,
            c.datanetId,
            claim.kind,
            claim.targetId,
            claim.contentRoot,
            claim.recordCount,
            claim.byteCount
        );
        // all parts are single words, so that two encodings one after the other are one of all parts
        return keccak256(
            bytes.concat(facts, abi.encode(keccak256(claim.minhash), receiptsHash, claim.salt))
        );
    }

    function storeClaim(uint64 contributionId, ContributionState storage c, Claim calldata claim) private {
        c.status = REVEALED;
        c.kind = claim.kind;
        c.targetId = claim.targetId;
        c.contentRoot = claim.contentRoot;
        c.recordCount = claim.recordCount;
        c.byteCount = claim.byteCount;
        takeRoot(contributionId, claim.contentRoot);
        NATIVE_HOST.writeBlob(minhashId(contributionId), claim.minhash);
    }

    /// @dev A root is its earliest commit's, until that one ends without being accepted.
    function takeRoot(uint64 contributionId, bytes32 contentRoot) private {
        uint64 holder = state().roots[contentRoot];
        if (holder == 0 || contributionId < holder) state().roots[contentRoot] = contributionId;
    }

    // ---- what each kind asks for

    /// @dev False when the target has gone.
    function fitsKind(
        uint64 contributionId,
        ContributionState storage c,
        Claim calldata claim
    ) private view returns (bool) {
        bool hasTarget = claim.kind == LABELS || claim.kind == CORRECTION;
        if (!hasTarget && claim.targetId != 0) revert InvalidTarget(claim.targetId);
        if (claim.kind == FEEDBACK) requireReceipts(c, claim);
        else if (claim.receipts.length > 0) revert BoundExceeded(claim.receipts.length, 0);
        return !hasTarget || fitsTarget(contributionId, c, claim);
    }

    function fitsTarget(
        uint64 contributionId,
        ContributionState storage c,
        Claim calldata claim
    ) private view returns (bool) {
        uint64 targetId = claim.targetId;
        ContributionState storage target = state().contributions[targetId];
        if (targetId == 0 || targetId >= contributionId) revert InvalidTarget(targetId);
        if (target.datanetId != c.datanetId) revert InvalidTarget(targetId);
        if (target.kind != RECORDS && target.kind != CORRECTION) revert InvalidTarget(targetId);
        if (claim.kind == LABELS && target.contributor == c.contributor) revert InvalidTarget(targetId);
        if (target.status != ACCEPTED || isTombstone(targetId)) return false;
        if (claim.kind == CORRECTION) return target.supersededBy == 0;
        if (claim.recordCount > target.recordCount) revert BoundExceeded(claim.recordCount, target.recordCount);
        return true;
    }

    function requireReceipts(ContributionState storage c, Claim calldata claim) private view {
        requireBetween(claim.receipts.length, RECEIPTS_MAX);
        if (claim.recordCount != claim.receipts.length) revert LengthMismatch();
        for (uint256 i = 0; i < claim.receipts.length; i++) {
            requireReceipt(c, claim.receipts[i]);
            for (uint256 j = 0; j < i; j++) {
                if (claim.receipts[j].receiptId != claim.receipts[i].receiptId) continue;
                revert FeedbackExists(claim.receipts[i].receiptId, state().datanets[c.datanetId].order[c.position]);
            }
        }
    }

    function requireReceipt(
        ContributionState storage c,
        IProofOfAttribution.ReceiptFacts calldata facts
    ) private view {
        bytes32 receiptId = facts.receiptId;
        IProofOfAttribution.Receipt memory receipt = receiptOf(receiptId);
        if (receipt.status != RECEIPT_FINAL) revert ReceiptNotFinal(receiptId, receipt.status);
        if (keccak256(abi.encode(facts)) != receipt.digest) revert FactsMismatch(receiptId);
        if (facts.requester != c.contributor) revert NotRequester(receiptId, facts.requester);
        if (!standsOn(receipt.adapterId, receipt.adapterVersion, c.datanetId))
            revert ReceiptElsewhere(receiptId, receipt.adapterId);
        uint64 other = feedbackOn(receiptId);
        if (other != 0) revert FeedbackExists(receiptId, other);
    }

    /// @dev Of status zero when there is none.
    function receiptOf(bytes32 receiptId) private view returns (IProofOfAttribution.Receipt memory receipt) {
        try IProofOfAttribution(ATTRIBUTION_ADDRESS).getReceipt(receiptId) returns (
            IProofOfAttribution.Receipt memory found
        ) {
            return found;
        } catch {
            return receipt;
        }
    }

    function standsOn(uint64 adapterId, uint32 version, uint64 datanetId) private view returns (bool) {
        IAdapterRegistry.DatanetVersion[] memory datanets =
            IAdapterRegistry(ADAPTER_ADDRESS).getVersion(adapterId, version).datanets;
        for (uint256 i = 0; i < datanets.length; i++) if (datanets[i].datanetId == datanetId) return true;
        return false;
    }

    function feedbackOn(bytes32 receiptId) public view returns (uint64 contributionId) {
        contributionId = state().feedback[receiptId];
        if (hasFallen(state().contributions[contributionId].status)) return 0;
    }

    function takeReceipts(uint64 contributionId, Claim calldata claim) private {
        bytes32[] memory receiptIds = new bytes32[](claim.receipts.length);
        for (uint256 i = 0; i < receiptIds.length; i++) {
            receiptIds[i] = claim.receipts[i].receiptId;
            state().feedback[receiptIds[i]] = contributionId;
        }
        emit FeedbackRevealed(contributionId, receiptIds);
    }
}
