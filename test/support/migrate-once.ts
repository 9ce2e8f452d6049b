/** A program for tests: migrates the database its argument names, and prints how many migrations it applied. */
import { openMigrated } from '../../src/store'

const { database, applied } = openMigrated(process.argv[2] as string, 1)
database.close()
process.stdout.write(String(applied.length))
