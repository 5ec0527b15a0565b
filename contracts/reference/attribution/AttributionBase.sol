// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterRegistry} from "contracts/interfaces/IAdapterRegistry.sol";
import {IDatanetRegistry} from "contracts/interfaces/IDatanetRegistry.sol";
import {IProofOfAttribution} from "contracts/interfaces/IProofOfAttribution.sol";
import {Money, books} from "../Money.sol";
import {ADAPTER_ADDRESS, DATANET_ADDRESS} from "../NativeHost.sol";
import {StoredReceipt, root} from "./AttributionStorage.sol";

IAdapterRegistry constant ADAPTERS = IAdapterRegistry(ADAPTER_ADDRESS);
IDatanetRegistry constant DATANETS = IDatanetRegistry(DATANET_ADDRESS);

// status of a receipt
uint8 constant SETTLED = 1;
uint8 constant AUDIT_OPEN = 2;
uint8 constant APPEALED = 3;
uint8 constant FINAL = 4;
uint8 constant REJECTED = 5;
uint8 constant REFUNDED = 6;

// flags of a receipt
uint8 constant AUDITED = 1;
uint8 constant UNAUDITED = 2;
uint8 constant NOT_DRAWN = 4;
uint8 constant MARKED_WRONG = 8;
uint8 constant CHALLENGED = 16;
uint8 constant WAS_APPEALED = 32;

// reasons of credits
uint8 constant TO_SETTLER = 1;
uint8 constant TO_FINALIZER = 2;
uint8 constant TO_HOST = 3;
uint8 constant TO_OWNER = 5;
uint8 constant ROYALTY = 6;
uint8 constant TO_STAKERS = 7;
uint8 constant TO_APPLICATION = 8;
uint8 constant TO_TREASURY = 9;
uint8 constant TO_AUDITOR = 10;
uint8 constant TO_CLOSER = 11;
uint8 constant HOST_BOND = 12;
uint8 constant AUDITOR_BOND = 13;
uint8 constant SLASHED_BOND = 14;
uint8 constant TO_CHALLENGER = 15;
uint8 constant CHALLENGE_RETURNED = 16;
uint8 constant CHALLENGE_LOST = 17;
uint8 constant APPEAL_RETURNED = 18;
uint8 constant APPEAL_LOST = 19;

uint256 constant PAGE_ITEMS = 256;
uint256 constant RECEIPTS_PER_CALL = 64;
uint256 constant AUDITS_PER_CALL = 64;
/// @dev Bytes of one blob.
uint256 constant BLOB_BYTES = 24_575;

string constant SUM_BLOB = "openledger.blob.BatchSum";
string constant CORRECTION_BLOB = "openledger.blob.Correction";
string constant QUERY_BLOB = "openledger.blob.WindowQuery";
string constant SCORE_BLOB = "openledger.blob.WindowScores";
string constant ELECTOR_BLOB = "openledger.blob.Electors";
string constant TOMBSTONE_BLOB = "openledger.blob.WindowTombstones";

function minOf(uint256 a, uint256 b) pure returns (uint256) {
    return a < b ? a : b;
}

function bpsOf(uint256 amountWei, uint256 bps) pure returns (uint256) {
    return (amountWei * bps) / 10_000;
}

/// @title What the parts of Proof of Attribution share
abstract contract AttributionBase is IProofOfAttribution, Money {
    /// @notice Shares of a fee after the settler's pay, in bps.
    struct Split {
        uint16 contributors;
        uint16 owner;
        uint16 host;
        uint16 stakers;
        uint16 application;
        uint16 treasury;
    }

    /// @notice The chain's parameters, by their names in genesis.
    struct Parameters {
        address stakingAddress;
        address treasuryAddress;
        bytes32 genesisHash;
        address governanceAddress;
        uint40 challengeWindowBlocks;
        uint40 withdrawDelayBlocks;
        uint256 hostBondMinWei;
        uint256 hostBondMultiple;
        uint40 hostExitBlocks;
        uint16 hostSlashBps;
        uint256 queryNormSquaredPerK;
        uint32 settlementGas;
        uint16 settlerCapBps;
        Split split;
        uint256 finalizeGas;
        uint16 finalizerCapBps;
        uint16 auditorPayBps;
        uint16 auditRateBps;
        uint8 auditCommittee;
        uint40 auditCommitBlocks;
        uint40 auditRevealBlocks;
        uint256 auditorBondMinWei;
        uint40 auditorExitBlocks;
        uint16 windowReceipts;
        uint32 windowAgeBlocks;
        uint256 closeGasPerRow;
        uint16 closerCapBps;
        uint256 receiptChallengeBondWei;
        uint40 appealBlocks;
        uint256 appealBondWei;
        uint256 auditorMissBps;
        uint256 auditorSlashBps;
    }

    bytes32 internal immutable genesisHash;
    address internal immutable governanceAddress;
    uint40 internal immutable challengeWindowBlocks;
    uint40 internal immutable withdrawDelayBlocks;
    uint256 internal immutable hostBondMinWei;
    uint256 internal immutable hostBondMultiple;
    uint40 internal immutable hostExitBlocks;
    uint16 private immutable genesisHostSlashBps;
    uint256 internal immutable queryNormSquaredPerK;
    uint32 private immutable genesisSettlementGas;
    uint16 private immutable genesisSettlerCapBps;
    uint16 private immutable genesisContributorsBps;
    uint16 private immutable genesisOwnerBps;
    uint16 private immutable genesisHostBps;
    uint16 private immutable genesisStakersBps;
    uint16 private immutable genesisApplicationBps;
    uint16 private immutable genesisTreasuryBps;
    uint256 internal immutable finalizeGas;
    uint16 private immutable genesisFinalizerCapBps;
    uint16 private immutable genesisAuditorPayBps;
    uint16 private immutable genesisAuditRateBps;
    uint8 internal immutable auditCommittee;
    uint40 internal immutable auditCommitBlocks;
    uint40 internal immutable auditRevealBlocks;
    uint256 internal immutable auditorBondMinWei;
    uint40 internal immutable auditorExitBlocks;
    uint16 private immutable genesisWindowReceipts;
    uint32 private immutable genesisWindowAgeBlocks;
    uint256 internal immutable closeGasPerRow;
    uint16 private immutable genesisCloserCapBps;
    uint256 internal immutable receiptChallengeBondWei;
    uint40 internal immutable appealBlocks;
    uint256 internal immutable appealBondWei;
    uint256 internal immutable auditorMissBps;
    uint256 internal immutable auditorSlashBps;

    constructor(Parameters memory p) Money(p.stakingAddress, p.treasuryAddress) {
        genesisHash = p.genesisHash;
        governanceAddress = p.governanceAddress;
        challengeWindowBlocks = p.challengeWindowBlocks;
        withdrawDelayBlocks = p.withdrawDelayBlocks;
        hostBondMinWei = p.hostBondMinWei;
        hostBondMultiple = p.hostBondMultiple;
        hostExitBlocks = p.hostExitBlocks;
        genesisHostSlashBps = p.hostSlashBps;
        queryNormSquaredPerK = p.queryNormSquaredPerK;
        genesisSettlementGas = p.settlementGas;
        genesisSettlerCapBps = p.settlerCapBps;
        genesisContributorsBps = p.split.contributors;
        genesisOwnerBps = p.split.owner;
        genesisHostBps = p.split.host;
        genesisStakersBps = p.split.stakers;
        genesisApplicationBps = p.split.application;
        genesisTreasuryBps = p.split.treasury;
        finalizeGas = p.finalizeGas;
        genesisFinalizerCapBps = p.finalizerCapBps;
        genesisAuditorPayBps = p.auditorPayBps;
        genesisAuditRateBps = p.auditRateBps;
        auditCommittee = p.auditCommittee;
        auditCommitBlocks = p.auditCommitBlocks;
        auditRevealBlocks = p.auditRevealBlocks;
        auditorBondMinWei = p.auditorBondMinWei;
        auditorExitBlocks = p.auditorExitBlocks;
        genesisWindowReceipts = p.windowReceipts;
        genesisWindowAgeBlocks = p.windowAgeBlocks;
        closeGasPerRow = p.closeGasPerRow;
        genesisCloserCapBps = p.closerCapBps;
        receiptChallengeBondWei = p.receiptChallengeBondWei;
        appealBlocks = p.appealBlocks;
        appealBondWei = p.appealBondWei;
        auditorMissBps = p.auditorMissBps;
        auditorSlashBps = p.auditorSlashBps;
    }

    /// @dev What is governed, as genesis has it.
    function genesisRules() internal view returns (Governed memory g) {
        g.contributorsBps = genesisContributorsBps;
        g.ownerBps = genesisOwnerBps;
        g.hostBps = genesisHostBps;
        g.stakersBps = genesisStakersBps;
        g.applicationBps = genesisApplicationBps;
        g.treasuryBps = genesisTreasuryBps;
        g.settlerCapBps = genesisSettlerCapBps;
        g.finalizerCapBps = genesisFinalizerCapBps;
        g.auditorPayBps = genesisAuditorPayBps;
        g.auditRateBps = genesisAuditRateBps;
        g.closerCapBps = genesisCloserCapBps;
        g.hostSlashBps = genesisHostSlashBps;
        g.windowReceipts = genesisWindowReceipts;
        g.windowAgeBlocks = genesisWindowAgeBlocks;
        g.settlementGas = genesisSettlementGas;
    }

    function thisBlock() internal view returns (uint40) {
        return uint40(block.number);
    }

    /// @dev A list or count from outside.
    function checkCount(uint256 length, uint256 maximum) internal pure {
        if (length == 0 || length > maximum) revert BoundExceeded(length, maximum);
    }

    function existingReceipt(bytes32 receiptId) internal view returns (StoredReceipt storage receipt) {
        receipt = root().receipts[receiptId];
        if (receipt.status == 0) revert UnknownReceipt(receiptId);
    }

    /// @dev The receipt that the facts are about.
    function provenReceipt(ReceiptFacts memory facts) internal view returns (StoredReceipt storage receipt) {
        receipt = existingReceipt(facts.receiptId);
        if (receipt.digest != keccak256(abi.encode(facts))) revert FactsMismatch(facts.receiptId);
    }

    function requireInChallengeWindow(StoredReceipt storage receipt) internal view {
        uint64 lastBlock = uint64(root().batches[receipt.batchId].settledBlock) + challengeWindowBlocks - 1;
        if (block.number > lastBlock) revert TooLate(lastBlock);
    }

    function creditBond(address account, uint8 reason, bytes32 ref, uint256 amountWei) internal {
        books().bondsWei -= uint128(amountWei);
        credit(account, reason, uint256(ref), amountWei);
    }

    function creditPending(address account, uint8 reason, bytes32 ref, uint256 amountWei) internal {
        books().pendingWei -= uint128(amountWei);
        credit(account, reason, uint256(ref), amountWei);
    }

    function adapterOf(uint64 adapterId)
        internal
        view
        returns (bool known, IAdapterRegistry.Adapter memory adapter)
    {
        try ADAPTERS.getAdapter(adapterId) returns (IAdapterRegistry.Adapter memory found) {
            return (true, found);
        } catch {
            return (false, adapter);
        }
    }

    function versionOf(uint64 adapterId, uint32 version)
        internal
        view
        returns (bool known, IAdapterRegistry.AdapterVersion memory info)
    {
        try ADAPTERS.getVersion(adapterId, version) returns (IAdapterRegistry.AdapterVersion memory found) {
            return (true, found);
        } catch {
            return (false, info);
        }
    }
}
