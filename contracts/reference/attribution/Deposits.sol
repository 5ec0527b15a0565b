// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {books} from "../Money.sol";
import {NATIVE_HOST} from "../NativeHost.sol";
import {AttributionBase, minOf} from "./AttributionBase.sol";
import {StoredDeposit, root} from "./AttributionStorage.sol";

/// @title Deposits of requesters
abstract contract Deposits is AttributionBase {
    function deposit(address host) external payable {
        if (msg.value == 0) revert ZeroAmount();
        root().deposits[msg.sender][host].balanceWei += uint96(msg.value);
        books().depositsWei += uint128(msg.value);
        emit Deposited(msg.sender, host, msg.value);
    }

    function requestWithdraw(address host, uint96 amountWei) external returns (uint40 withdrawableBlock) {
        if (amountWei == 0) revert ZeroAmount();
        StoredDeposit storage d = root().deposits[msg.sender][host];
        if (amountWei > d.balanceWei) revert AmountTooHigh(amountWei, d.balanceWei);
        withdrawableBlock = thisBlock() + withdrawDelayBlocks;
        d.leavingWei = amountWei;
        d.withdrawableBlock = withdrawableBlock;
        emit WithdrawalRequested(msg.sender, host, amountWei, withdrawableBlock);
    }

    function withdraw(address host) external returns (uint256 amountWei) {
        StoredDeposit storage d = root().deposits[msg.sender][host];
        if (d.leavingWei == 0) revert NothingRequested();
        if (block.number < d.withdrawableBlock) revert TooEarly(d.withdrawableBlock);
        amountWei = minOf(d.leavingWei, d.balanceWei);
        d.balanceWei -= uint96(amountWei);
        d.leavingWei = 0;
        d.withdrawableBlock = 0;
        payOut(msg.sender, amountWei);
        emit Withdrawn(msg.sender, host, amountWei);
    }

    /// @dev Like a claim, and refused to the same accounts.
    function payOut(address to, uint256 amountWei) private {
        if (isSystem(to) && to != staking && to != treasury) revert SystemAccount(to);
        books().depositsWei -= uint128(amountWei);
        NATIVE_HOST.transfer(to, amountWei);
    }

    function depositOf(address requester, address host) external view returns (Deposit memory info) {
        StoredDeposit storage d = root().deposits[requester][host];
        return Deposit(d.balanceWei, d.leavingWei, d.withdrawableBlock);
    }
}
