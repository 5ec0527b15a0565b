// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a predeploy needs of Proof of Attribution: taking out what was credited to it
interface IClaims {
    /// @notice Sends all credits of the caller to the caller.
    /// @return amountWei what was sent; zero when there was nothing
    function claim() external returns (uint256 amountWei);
}
