// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterRegistry} from "contracts/interfaces/IAdapterRegistry.sol";
import {books} from "../Money.sol";
import {NATIVE_HOST, blobId} from "../NativeHost.sol";
import {
    ADAPTERS,
    RECEIPTS_PER_CALL,
    SETTLED,
    SUM_BLOB,
    TO_SETTLER,
    UNAUDITED,
    bpsOf,
    minOf
} from "./AttributionBase.sol";
import {StoredDeposit, StoredHost, StoredReceipt, StoredWindow, StoredWindows, root} from "./AttributionStorage.sol";
import {HOST_ACTIVE, HOST_LEAVING} from "./Hosts.sol";
import {Signatures} from "./Signatures.sol";
import {Vectors} from "./Vectors.sol";

// what became of a receipt in `settle`
uint8 constant OK = 1;
uint8 constant ALREADY_SETTLED = 2;
uint8 constant MALFORMED = 3;
uint8 constant EXPIRED = 4;
uint8 constant ADAPTER_NOT_ACTIVE = 5;
uint8 constant HOST_NOT_ACTIVE = 6;
uint8 constant BAD_REQUEST_SIGNATURE = 7;
uint8 constant BAD_RECEIPT_SIGNATURE = 8;
uint8 constant FEE_TOO_LOW = 9;
uint8 constant HOST_BOND_TOO_LOW = 10;
uint8 constant UNDERFUNDED = 11;
uint8 constant WRONG_PROFILE = 12;
uint8 constant NO_ACCESS = 13;

uint8 constant WINDOW_OPEN = 1;

/// @title Settlement of receipts
abstract contract Settlement is Signatures {
    uint8 private constant CLASS_GRANTED = 1;
    uint8 private constant CLASS_UNAUDITED = 2;
    uint8 private constant METHOD_GRADIENT = 0;

    /// @dev The receipts of one version of an adapter in one call.
    struct Batch {
        uint64 batchId; // zero: not opened
        uint64 adapterId;
        uint32 version;
        uint64 windowIndex;
        uint32 receipts;
        int256[] sum; // of the weighted query rows
    }

    /// @dev What is found out about a receipt while it is checked.
    struct Checked {
        bytes32 receiptId;
        bytes32 receiptHash;
        bytes32 queryRowHash;
        uint64 baseModelId;
        uint32 grantId; // zero but in audit class 1
        uint256 baseWei;
        uint256 feeWei;
        uint32 hostId;
        int256[] row;
        uint256 reservedWei; // part of the fee
        uint16 weight;
    }

    function settle(
        SignedReceipt[] calldata receipts,
        uint64 lastBlock
    ) external returns (uint8[] memory settlements) {
        if (lastBlock != 0 && block.number > lastBlock) revert TooLate(lastBlock);
        checkCount(receipts.length, RECEIPTS_PER_CALL);
        settlements = new uint8[](receipts.length);
        Batch[] memory batches = new Batch[](receipts.length); // in the order of their first receipts
        uint256 settlersWei = 0;
        for (uint256 i = 0; i < receipts.length; i++) {
            Checked memory checked;
            checked.receiptId = requestDigest(receipts[i].request);
            settlements[i] = check(receipts[i], checked);
            if (settlements[i] == OK) settlersWei += accept(receipts[i], checked, batches);
            else emit ReceiptNotSettled(checked.receiptId, settlements[i]);
        }
        for (uint256 i = 0; i < batches.length; i++) if (batches[i].batchId != 0) recordBatch(batches[i]);
        books().depositsWei -= uint128(settlersWei);
        credit(msg.sender, TO_SETTLER, batches[0].batchId, settlersWei);
    }

    /// @dev The first check that fails gives the code.
    function check(SignedReceipt calldata receipt, Checked memory checked) private view returns (uint8) {
        InferenceRequest calldata request = receipt.request;
        if (request.deadlineBlock < block.number) return EXPIRED;
        if (root().receipts[checked.receiptId].status != 0) return ALREADY_SETTLED;
        uint8 code = checkAdapter(receipt, checked);
        if (code != OK) return code;
        if (!ADAPTERS.mayUse(request.adapterId, request.requester)) return NO_ACCESS;

        checked.hostId = root().hostIds[request.host];
        StoredHost storage host = root().hosts[checked.hostId];
        if (!takesReceipts(host)) return HOST_NOT_ACTIVE;
        checked.feeWei = feeOf(receipt, checked);
        if (checked.feeWei == 0 || checked.feeWei < block.basefee * rules().settlementGas) return FEE_TOO_LOW;
        uint256 openWei = host.openFeesWei + checked.feeWei;
        if (host.bondWei < openWei * hostBondMultiple) return HOST_BOND_TOO_LOW;
        if (availableWei(request) < checked.feeWei) return UNDERFUNDED;

        if (!isSignedBy(request.requester, checked.receiptId, receipt.requesterSignature)) return BAD_REQUEST_SIGNATURE;
        checked.queryRowHash = keccak256(receipt.queryRow);
        checked.receiptHash = receiptStructHash(receipt, checked.receiptId, checked.queryRowHash);
        bytes32 digest = typedDataDigest(checked.receiptHash);
        if (!isSignedBy(host.signer, digest, receipt.hostSignature)) return BAD_RECEIPT_SIGNATURE;
        return OK;
    }

    function checkAdapter(SignedReceipt calldata receipt, Checked memory checked) private view returns (uint8) {
        uint64 adapterId = receipt.request.adapterId;
        uint32 version = receipt.request.adapterVersion;
        (bool isAdapter, IAdapterRegistry.Adapter memory adapter) = adapterOf(adapterId);
        if (!isAdapter) return ADAPTER_NOT_ACTIVE;
        (bool isVersion, IAdapterRegistry.AdapterVersion memory info) = versionOf(adapterId, version);
        if (!isVersion) return MALFORMED;
        if (!ADAPTERS.acceptsVersion(adapterId, version)) return ADAPTER_NOT_ACTIVE;
        if (!isWellFormed(receipt, info.k)) return MALFORMED;
        if (receipt.request.auditClass == CLASS_GRANTED) {
            checked.grantId = root().grantIds[receipt.request.requester];
            if (checked.grantId == 0) return MALFORMED;
        }
        checked.row = Vectors.decode(receipt.queryRow, 1);
        checked.baseModelId = adapter.baseModelId;
        if (receipt.profileHash != ADAPTERS.getBaseModel(adapter.baseModelId).profileHash) return WRONG_PROFILE;
        return OK;
    }

    function isWellFormed(SignedReceipt calldata receipt, uint256 k) private view returns (bool) {
        if (receipt.method != METHOD_GRADIENT) return false;
        if (receipt.request.auditClass > CLASS_UNAUDITED) return false;
        if (receipt.queryRow.length != k) return false;
        int256[] memory row = Vectors.decode(receipt.queryRow, 1);
        for (uint256 i = 0; i < k; i++) if (row[i] == -128) return false;
        return uint256(Vectors.dot(row, row)) <= k * queryNormSquaredPerK;
    }

    /// @dev A host that leaves takes receipts until its bond can go.
    function takesReceipts(StoredHost storage host) private view returns (bool) {
        if (host.status == HOST_LEAVING) return block.number < host.withdrawableBlock;
        return host.status == HOST_ACTIVE;
    }

    function feeOf(SignedReceipt calldata receipt, Checked memory checked) private view returns (uint256) {
        (IAdapterRegistry.Price memory price, , ) = ADAPTERS.priceOf(receipt.request.adapterId);
        checked.baseWei = price.baseWei;
        uint256 feeWei = price.baseWei;
        feeWei += (uint256(receipt.inputTokens) * price.perThousandInputWei) / 1000;
        feeWei += (uint256(receipt.outputTokens) * price.perThousandOutputWei) / 1000;
        return minOf(feeWei, receipt.request.maxFeeWei);
    }

    function availableWei(InferenceRequest calldata request) private view returns (uint256) {
        mapping(address => StoredDeposit) storage deposits = root().deposits[request.requester];
        // of a request to the zero address, which is never a host, none would settle
        return uint256(deposits[request.host].balanceWei) + deposits[address(0)].balanceWei;
    }

    /// @return settlerWei what the settler gets out of the fee
    function accept(
        SignedReceipt calldata receipt,
        Checked memory checked,
        Batch[] memory batches
    ) private returns (uint256 settlerWei) {
        uint256 feeWei = checked.feeWei;
        settlerWei = minOf(block.basefee * rules().settlementGas, bpsOf(feeWei, rules().settlerCapBps));
        checked.reservedWei = takeFee(receipt.request, feeWei);
        books().depositsWei -= uint128(feeWei - settlerWei);
        books().pendingWei += uint128(feeWei - settlerWei);
        root().hosts[checked.hostId].openFeesWei += uint96(feeWei);
        Batch memory batch = batchFor(receipt.request, checked, batches);
        checked.weight = weightOf(feeWei, checked.baseWei);
        Vectors.add(batch.sum, checked.row, int256(uint256(checked.weight)));
        batch.receipts += 1;
        ReceiptFacts memory facts = ReceiptFacts(
            checked.receiptId,
            receipt.request.requester,
            receipt.request.application,
            uint96(settlerWei),
            checked.queryRowHash,
            checked.receiptHash
        );
        root().receipts[checked.receiptId] = StoredReceipt(
            SETTLED,
            receipt.request.auditClass == CLASS_UNAUDITED ? UNAUDITED : 0,
            checked.weight,
            checked.hostId,
            batch.batchId,
            uint96(feeWei),
            checked.grantId,
            keccak256(abi.encode(facts))
        );
        emitSettled(facts, root().hosts[checked.hostId].account, batch, checked);
    }

    /// @dev Emits ReceiptSettled, which has more values than the compiler's stack holds. Each value is one word.
    function emitSettled(ReceiptFacts memory f, address host, Batch memory b, Checked memory c) private {
        bytes memory data = bytes.concat(
            abi.encode(b.adapterId, b.windowIndex, b.batchId, f.application, c.feeWei, f.settlerWei),
            abi.encode(c.reservedWei, c.weight, f.queryRowHash, f.receiptHash)
        );
        bytes32 topic = ReceiptSettled.selector;
        (bytes32 receiptId, address requester) = (f.receiptId, f.requester);
        assembly ("memory-safe") {
            log4(add(data, 32), mload(data), topic, receiptId, requester, host)
        }
    }

    /// @dev What is reserved for the host pays first.
    function takeFee(InferenceRequest calldata request, uint256 feeWei) private returns (uint256 reservedWei) {
        mapping(address => StoredDeposit) storage deposits = root().deposits[request.requester];
        reservedWei = minOf(deposits[request.host].balanceWei, feeWei);
        deposits[request.host].balanceWei -= uint96(reservedWei);
        deposits[address(0)].balanceWei -= uint96(feeWei - reservedWei);
    }

    /// @dev 256 for a fee of exactly the adapter's base price.
    function weightOf(uint256 feeWei, uint256 baseWei) private pure returns (uint16) {
        uint256 weight = (feeWei * 256) / baseWei;
        if (weight < 1) return 1;
        return weight > 4095 ? 4095 : uint16(weight);
    }

    function batchFor(
        InferenceRequest calldata request,
        Checked memory checked,
        Batch[] memory batches
    ) private returns (Batch memory batch) {
        uint256 i = 0;
        for (; batches[i].batchId != 0; i++) {
            batch = batches[i];
            if (batch.adapterId == request.adapterId && batch.version == request.adapterVersion) return batch;
        }
        batch = batches[i];
        batch.batchId = ++root().batchCount;
        batch.adapterId = request.adapterId;
        batch.version = request.adapterVersion;
        batch.windowIndex = openWindow(batch.adapterId, batch.version);
        batch.sum = new int256[](checked.row.length);
        root().batches[batch.batchId].adapterId = batch.adapterId;
        root().batches[batch.batchId].windowIndex = batch.windowIndex;
        root().batches[batch.batchId].baseModelId = checked.baseModelId;
        root().batches[batch.batchId].settledBlock = thisBlock();
    }

    /// @dev The version's newest window, or a new one where that takes no more receipts.
    function openWindow(uint64 adapterId, uint32 version) private returns (uint64 windowIndex) {
        StoredWindows storage windows = root().adapterWindows[adapterId];
        mapping(uint64 => StoredWindow) storage all = root().windows[adapterId];
        mapping(uint32 => uint64) storage displaced = root().displacedWindows[adapterId];
        uint64 newest = windows.opened;
        uint32 newestVersion = all[newest].version; // zero before the first window, and no version has number 0
        windowIndex = newestVersion == version ? newest : displaced[version];
        if (windowIndex != 0 && windowTakesReceipts(all[windowIndex])) return windowIndex;
        if (newest != 0 && newestVersion != version) displaced[newestVersion] = newest;
        windowIndex = newest + 1;
        windows.opened = windowIndex;
        all[windowIndex].state = WINDOW_OPEN;
        all[windowIndex].openedBlock = thisBlock();
        all[windowIndex].version = version;
        emit WindowOpened(adapterId, windowIndex, version);
    }

    function windowTakesReceipts(StoredWindow storage window) private view returns (bool) {
        if (window.state != WINDOW_OPEN || window.settled >= rules().windowReceipts) return false;
        return block.number < window.openedBlock + rules().windowAgeBlocks;
    }

    function recordBatch(Batch memory batch) private {
        StoredWindow storage window = root().windows[batch.adapterId][batch.windowIndex];
        uint256[] memory keys = new uint256[](3);
        (keys[0], keys[1], keys[2]) = (batch.adapterId, batch.windowIndex, window.batches);
        window.batches += 1;
        window.settled += batch.receipts;
        NATIVE_HOST.writeBlob(blobId(SUM_BLOB, keys), Vectors.encode(batch.sum, 4));
        emit BatchRecorded(batch.batchId, batch.adapterId, batch.windowIndex, batch.receipts);
    }
}
