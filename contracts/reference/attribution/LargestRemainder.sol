// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Division of an amount by weights
library LargestRemainder {
    /// @notice Each part gets the floor of its exact share. The units that are left go, one each, to the parts with the
    /// largest remainders, the earlier part first among equals.
    function divide(uint256 amount, uint256[] memory weights) internal pure returns (uint256[] memory parts) {
        uint256 total = 0;
        for (uint256 i = 0; i < weights.length; i++) total += weights[i];
        parts = new uint256[](weights.length);
        uint256[] memory remainders = new uint256[](weights.length);
        uint256 left = amount;
        for (uint256 i = 0; i < weights.length; i++) {
            parts[i] = (amount * weights[i]) / total;
            remainders[i] = (amount * weights[i]) % total;
            left -= parts[i];
        }
        // fewer units are left than there are remainders above zero, so that a part gets one at most
        for (; left > 0; left--) {
            uint256 largest = 0;
            for (uint256 i = 1; i < weights.length; i++) if (remainders[i] > remainders[largest]) largest = i;
            parts[largest] += 1;
            remainders[largest] = 0;
        }
    }
}
