/** True with TEST_ALL=1: tests that take samples of something large then look at all of it. */
export const isExhaustive = process.env.TEST_ALL === '1'
