// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Vectors of integers, and their bytes
/// @notice Integers are big endian, two's complement.
library Vectors {
    function intAt(bytes memory data, uint256 offset, uint256 size) internal pure returns (int256) {
        int256 value = int8(uint8(data[offset]));
        for (uint256 i = 1; i < size; i++) value = value * 256 + int256(uint256(uint8(data[offset + i])));
        return value;
    }

    function uintAt(bytes memory data, uint256 offset, uint256 size) internal pure returns (uint256 value) {
        for (uint256 i = 0; i < size; i++) value = value * 256 + uint8(data[offset + i]);
    }

    /// @notice The integers of a byte string, each of `size` bytes.
    function decode(bytes memory data, uint256 size) internal pure returns (int256[] memory values) {
        values = new int256[](data.length / size);
        for (uint256 i = 0; i < values.length; i++) values[i] = intAt(data, i * size, size);
    }

    function encode(int256[] memory values, uint256 size) internal pure returns (bytes memory data) {
        data = new bytes(values.length * size);
        int256 limit = int256(1) << (size * 8 - 1);
        for (uint256 i = 0; i < values.length; i++) {
            require(values[i] < limit && values[i] >= -limit, "an integer does not fit");
            for (uint256 j = 0; j < size; j++) data[i * size + j] = bytes1(uint8(int8(values[i] >> (8 * (size - 1 - j)))));
        }
    }

    /// @notice Adds factor · row to the sum.
    function add(int256[] memory sum, int256[] memory row, int256 factor) internal pure {
        require(sum.length == row.length, "vectors of different lengths");
        for (uint256 i = 0; i < sum.length; i++) sum[i] += factor * row[i];
    }

    function dot(int256[] memory a, int256[] memory b) internal pure returns (int256 sum) {
        require(a.length == b.length, "vectors of different lengths");
        for (uint256 i = 0; i < a.length; i++) sum += a[i] * b[i];
    }

    /// @notice Shifts right by the least number of bits after which every integer fits an int16.
    function shifted(int256[] memory sum) internal pure returns (int256[] memory query, uint8 shift) {
        query = new int256[](sum.length);
        for (uint256 i = 0; i < sum.length; i++) while (!fitsInt16(sum[i] >> shift)) shift++;
        for (uint256 i = 0; i < sum.length; i++) query[i] = sum[i] >> shift;
    }

    function fitsInt16(int256 value) private pure returns (bool) {
        return value >= type(int16).min && value <= type(int16).max;
    }

    function slice(bytes memory data, uint256 start, uint256 length) internal pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; i++) part[i] = data[start + i];
    }
}
