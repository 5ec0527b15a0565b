// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "contracts/interfaces/IClaimable.sol";

/// @title Treasury: holds the protocol's share of fees, slashes and base fees
/// @notice Anyone may pull what Proof of Attribution credited to it; only the owner pays out. On a chain without
/// governance the owner is the zero address, and nothing leaves.
contract Treasury {
    address private constant ATTRIBUTION = 0x0000000000000000000000000000000016120003;

    address public owner;

    event Received(address indexed from, uint256 amountWei);
    event Pulled(uint256 amountWei);
    event Paid(address indexed to, uint256 amountWei);
    event OwnerChanged(address owner);

    error OnlyOwner();
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

    function pull() external returns (uint256 amountWei) {
        amountWei = IClaimable(ATTRIBUTION).claim();
        emit Pulled(amountWei);
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
}
