// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {INativePrecompile} from "./INativePrecompile.sol";

/// @title Credits that are pulled
/// @notice Money leaves a native precompile only when its owner, or somebody for its owner, asks for it. Amounts are wei.
interface IClaimable is INativePrecompile {
    /// @notice Where the account's whole balance belongs. The five sums never exceed the balance; what is above them
    /// was forced in (selfdestruct, block reward) and goes to the treasury by `sweepSurplus`.
    struct Totals {
        uint256 depositsWei; // of requesters, reserved or free
        uint256 pendingWei; // fees of receipts that are not final, after the settler's pay
        uint256 potsWei; // contributors' shares in windows that are not paid out, and Datanets' purses
        uint256 creditsWei; // claimable now
        uint256 bondsWei; // bonds of contributions, challengers, scorers, adapters, hosts, auditors
    }

    /// @notice `account` may claim `amountWei` more. `reason` is listed in the interface that emits it; `ref` is the id
    /// that the reason is about (a number left-padded, or a receipt id). What would go to an account of the system, other than
    /// Staking and Treasury, goes to the treasury, which is then `account`.
    event Credited(address indexed account, uint8 indexed reason, bytes32 indexed ref, uint256 amountWei);
    event Claimed(address indexed account, address indexed by, uint256 amountWei);
    event SurplusSwept(uint256 amountWei);

    error NothingToClaim();
    /// @notice The account belongs to the system (a precompile or predeploy). Only Staking and Treasury pull, and only
    /// for themselves.
    error SystemAccount(address account);

    /// @return amountWei claimable by `account` now
    function credits(address account) external view returns (uint256 amountWei);

    function totals() external view returns (Totals memory sums);

    /// @notice Pays the caller's credit to the caller. The same work for any amount and history.
    /// @return amountWei what was paid. Errors: NothingToClaim, SystemAccount.
    function claim() external returns (uint256 amountWei);

    /// @notice Pays `account`'s credit to `account`; anyone may ask. Errors: NothingToClaim, SystemAccount.
    function claimFor(address account) external returns (uint256 amountWei);

    /// @notice Pays the credits of several accounts, 1 to 64, each to that account; anyone may ask. Accounts without a
    /// credit are passed over, so that one that was claimed meanwhile does not fail the others.
    /// @return amountWei what was paid in all. Errors: BoundExceeded, SystemAccount for any account of the system.
    function claimMany(address[] calldata accounts) external returns (uint256 amountWei);

    /// @notice Credits the treasury with what the balance holds above the totals.
    function sweepSurplus() external returns (uint256 amountWei);
}
