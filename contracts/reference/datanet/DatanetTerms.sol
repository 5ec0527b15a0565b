// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {books} from "../Money.sol";
import {DatanetBase} from "./DatanetBase.sol";
import {DatanetState} from "./DatanetStorage.sol";

/// @title Datanets: what they ask for, who runs them, their purses
abstract contract DatanetTerms is DatanetBase {
    uint256 private constant NAME_BYTES = 64;
    uint256 private constant LICENCE_BYTES = 64;
    uint8 private constant KIND_MAX = 2;

    function createDatanet(
        string calldata name,
        uint8 kind,
        uint8 policy,
        string calldata licence,
        string calldata metadataCid,
        Terms calldata terms
    ) external returns (uint64 datanetId) {
        requireText(name, NAME_BYTES, false);
        if (kind > KIND_MAX) revert InvalidKind(kind);
        if (policy > POLICY_PRIVATE) revert InvalidPolicy(policy);
        requireThreshold(terms);
        requireText(licence, LICENCE_BYTES, false);
        requireText(metadataCid, CID_BYTES, true);
        datanetId = ++state().datanetCount;
        DatanetState storage d = state().datanets[datanetId];
        d.owner = msg.sender;
        d.kind = kind;
        d.policy = policy;
        d.name = name;
        d.licence = licence;
        d.metadataCid = metadataCid;
        storeTerms(d, terms);
        emit DatanetCreated(datanetId, msg.sender, kind, policy, name, licence, metadataCid, terms);
    }

    function updateDatanet(uint64 datanetId, string calldata licence, string calldata metadataCid) external {
        DatanetState storage d = datanetOf(datanetId);
        requireRole(d, MANAGER);
        requireText(licence, LICENCE_BYTES, false);
        requireText(metadataCid, CID_BYTES, true);
        d.licence = licence;
        d.metadataCid = metadataCid;
        emit DatanetUpdated(datanetId, licence, metadataCid);
    }

    function setTerms(uint64 datanetId, Terms calldata terms) external {
        DatanetState storage d = datanetOf(datanetId);
        requireRole(d, MANAGER);
        requireThreshold(terms);
        storeTerms(d, terms);
        emit TermsSet(datanetId, terms);
    }

    function requireThreshold(Terms calldata terms) private pure {
        if (terms.acceptThresholdBps > FULL_BPS) revert InvalidThreshold(terms.acceptThresholdBps);
    }

    function storeTerms(DatanetState storage d, Terms calldata terms) private {
        d.minBondWei = terms.minBondWei;
        d.acceptThresholdBps = terms.acceptThresholdBps;
        d.bountyPerRecordWei = terms.bountyPerRecordWei;
        d.scorerPayWei = terms.scorerPayWei;
    }

    function transferOwnership(uint64 datanetId, address newOwner) external {
        DatanetState storage d = datanetOf(datanetId);
        requireOwner(d);
        if (newOwner != address(0)) requireAccount(newOwner);
        d.pendingOwner = newOwner;
        emit OwnershipOffered(datanetId, msg.sender, newOwner);
    }

    function acceptOwnership(uint64 datanetId) external {
        DatanetState storage d = datanetOf(datanetId);
        if (d.pendingOwner == address(0) || msg.sender != d.pendingOwner) revert NotPendingOwner(msg.sender);
        address previousOwner = d.owner;
        d.owner = msg.sender;
        d.pendingOwner = address(0);
        emit OwnershipTransferred(datanetId, previousOwner, msg.sender);
    }

    function setRoles(uint64 datanetId, address account, uint8 roles) external {
        DatanetState storage d = datanetOf(datanetId);
        requireOwner(d);
        requireAccount(account);
        if (roles > ALL_ROLES) revert InvalidRoles(roles);
        d.roles[account] = roles;
        emit RolesSet(datanetId, account, roles);
    }

    function rolesOf(uint64 datanetId, address account) external view returns (uint8 roles) {
        DatanetState storage d = datanetOf(datanetId);
        return account == d.owner ? ALL_ROLES : d.roles[account];
    }

    function fund(uint64 datanetId) external payable {
        DatanetState storage d = datanetOf(datanetId);
        if (msg.value == 0) revert ZeroAmount();
        d.purseWei += uint96(msg.value);
        books().potsWei += uint128(msg.value);
        emit PurseFunded(datanetId, msg.sender, msg.value);
    }

    function requestPurse(uint64 datanetId, uint96 amountWei) external returns (uint40 withdrawableBlock) {
        DatanetState storage d = datanetOf(datanetId);
        requireOwner(d);
        if (amountWei == 0) revert ZeroAmount();
        if (amountWei > d.purseWei) revert AmountTooHigh(amountWei, d.purseWei);
        withdrawableBlock = blockNow() + purseExitBlocks;
        d.purseLeavingWei = amountWei;
        d.purseWithdrawableBlock = withdrawableBlock;
        emit PurseRequested(datanetId, amountWei, withdrawableBlock);
    }

    function withdrawPurse(uint64 datanetId) external returns (uint256 amountWei) {
        DatanetState storage d = datanetOf(datanetId);
        requireOwner(d);
        if (d.purseWithdrawableBlock == 0) revert NothingRequested();
        if (block.number < d.purseWithdrawableBlock) revert TooEarly(d.purseWithdrawableBlock);
        amountWei = d.purseLeavingWei < d.purseWei ? d.purseLeavingWei : d.purseWei;
        d.purseWei -= uint96(amountWei);
        d.purseLeavingWei = 0;
        d.purseWithdrawableBlock = 0;
        creditFromPots(msg.sender, PURSE, datanetId, amountWei);
        emit PurseWithdrawn(datanetId, msg.sender, amountWei);
    }
}
