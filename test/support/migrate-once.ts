/** A program for tests: migrates the database named by its argument, and prints the number of applied migrations. */
import { migrateDatabase } from '../../src/store/database'

const { applied } = await migrateDatabase(process.argv[2] as string, { now: 1 })
process.stdout.write(String(applied.length))
