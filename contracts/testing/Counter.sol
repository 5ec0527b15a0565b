// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A contract for tests of clients: state, an event, a custom error
contract Counter {
    uint256 public number;

    event NumberSet(address indexed by, uint256 number);

    error TooLarge(uint256 given, uint256 maximum);

    function setNumber(uint256 value) external {
        if (value > 1000) revert TooLarge(value, 1000);
        number = value;
        emit NumberSet(msg.sender, value);
    }
}
