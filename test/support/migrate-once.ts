/** A program for tests: migrates the database its argument names, and prints how many migrations it applied. */
import { migrateDatabase } from '../../src/store/database'

const applied = await migrateDatabase(process.argv[2] as string, 1)
process.stdout.write(String(applied.length))
