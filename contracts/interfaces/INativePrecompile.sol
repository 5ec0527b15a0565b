// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title What every native precompile refuses before it runs a method
/// @notice Checks come in this order: selector, call kind, static, value, gas, encoding. Input must be exactly the
/// canonical ABI encoding: no dirty padding, no gaps or overlaps between tails, nothing after the last argument.
interface INativePrecompile {
    /// @notice No method has this selector. A plain transfer of wei ends here too, so that no money is lost.
    error UnknownSelector(bytes4 selector);
    /// @notice DELEGATECALL and CALLCODE would run the method on another account's storage.
    error CallKindRefused();
    /// @notice A method that writes was called inside a STATICCALL.
    error StaticCallRefused();
    /// @notice Wei came with a method that takes none.
    error ValueRefused();
    /// @notice The input is not the canonical encoding of the method's arguments, or a string in it is not UTF-8.
    error MalformedInput();
    /// @notice A list, text or page is longer than `maximum`, or empty where something is needed.
    error BoundExceeded(uint256 length, uint256 maximum);
}
