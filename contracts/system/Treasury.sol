// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "contracts/interfaces/IClaimable.sol";

/// @title Treasury: holds the protocol's share of fees, slashes and base fees
/// @notice Anyone may pull what the native precompiles credited to it; only the owner pays out. On a chain without
/// governance the owner is the zero address, and nothing leaves.
contract Treasury {
    address private constant DATANETS = 0x0000000000000000000000000000000016120001;
    address private constant ADAPTERS = 0x0000000000000000000000000000000016120002;
    address private constant ATTRIBUTION = 0x0000000000000000000000000000000016120003;
    /// For each of the two calls that a pull makes. Where no precompile runs, a call takes all gas that it is given.
    uint256 private constant PULL_GAS = 100_000;

    address public owner;

    event Received(address indexed from, uint256 amountWei);
    event Pulled(address indexed from, uint256 amountWei);
    event Paid(address indexed to, uint256 amountWei);
    event OwnerChanged(address owner);

    error OnlyOwner();
    error NothingToPull();
    error TransferFailed();

    modifier onlyOwner() {
        if (msg.sender != owner) revert OnlyOwner();
        _;
    }

    constructor(address initialOwner) {
        owner = initialOwner;
        emit OwnerChanged(initialOwner);
    }

    receive() external payable {
        emit Received(msg.sender, msg.value);
    }

    /// @notice Claims the treasury's credits; a precompile that fails is passed over and keeps them.
    function pull() external returns (uint256 amountWei) {
        amountWei = _pullFrom(DATANETS) + _pullFrom(ADAPTERS) + _pullFrom(ATTRIBUTION);
        if (amountWei == 0) revert NothingToPull();
    }

    function pay(address payable to, uint256 amountWei) external onlyOwner {
        emit Paid(to, amountWei);
        (bool sent,) = to.call{value: amountWei}("");
        if (!sent) revert TransferFailed();
    }

    function setOwner(address newOwner) external onlyOwner {
        owner = newOwner;
        emit OwnerChanged(newOwner);
    }

    /// @dev By low-level calls: a precompile out of service returns nothing at all, which `try` would not catch.
    function _pullFrom(address source) private returns (uint256 amountWei) {
        if (_word(source, abi.encodeCall(IClaimable.credits, (address(this)))) == 0) return 0;
        amountWei = _word(source, abi.encodeCall(IClaimable.claim, ()));
        if (amountWei > 0) emit Pulled(source, amountWei);
    }

    /// @dev The one word that the call returned; 0 when it failed.
    function _word(address source, bytes memory data) private returns (uint256) {
        (bool succeeded, bytes memory output) = source.call{gas: PULL_GAS}(data);
        return succeeded && output.length == 32 ? abi.decode(output, (uint256)) : 0;
    }
}
