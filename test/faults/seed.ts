/** What this run draws from: FAULT_SEED, or by chance. It is printed with the figures. */
export const seed = Number(process.env['FAULT_SEED'] ?? 1 + Math.floor(Math.random() * 1_000_000))
