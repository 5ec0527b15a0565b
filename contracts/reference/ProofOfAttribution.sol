// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AttributionBase} from "./attribution/AttributionBase.sol";
import {StoredBatch, StoredReceipt, root} from "./attribution/AttributionStorage.sol";
import {Deposits} from "./attribution/Deposits.sol";
import {Evidence} from "./attribution/Evidence.sol";
import {Finalisation} from "./attribution/Finalisation.sol";
import {Hosts} from "./attribution/Hosts.sol";
import {Settlement} from "./attribution/Settlement.sol";
import {WindowViews} from "./attribution/WindowViews.sol";
import {Windows} from "./attribution/Windows.sol";

/// @title Proof of Attribution in plain Solidity, to compare the native one with
/// @notice Storage and blobs are where the native one has them. Siblings are read by their views.
contract ProofOfAttribution is Deposits, Hosts, Settlement, Finalisation, Windows, WindowViews, Evidence {
    constructor(Parameters memory parameters) AttributionBase(parameters) {}

    function getReceipt(bytes32 receiptId) external view returns (Receipt memory info) {
        StoredReceipt storage receipt = existingReceipt(receiptId);
        StoredBatch storage batch = root().batches[receipt.batchId];
        info.status = receipt.status;
        info.flags = receipt.flags;
        info.weight = receipt.weight;
        info.host = root().hosts[receipt.hostId].account;
        info.adapterId = batch.adapterId;
        info.adapterVersion = root().windows[batch.adapterId][batch.windowIndex].version;
        info.windowIndex = batch.windowIndex;
        info.batchId = receipt.batchId;
        info.settledBlock = batch.settledBlock;
        info.feeWei = receipt.feeWei;
        info.grantId = receipt.grantId;
        info.digest = receipt.digest;
    }
}
