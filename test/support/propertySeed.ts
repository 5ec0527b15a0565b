import fc from 'fast-check'

/** What the random inputs of properties follow from: the same in every run, another with PROPERTY_SEED. */
export const propertySeed = Number(process.env.PROPERTY_SEED ?? 161_212)

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: propertySeed })
