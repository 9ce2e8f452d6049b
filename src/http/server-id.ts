/** The header of health checks by which the command line tells servers with different data apart. */
export const SERVER_ID = 'X-Server-Id'
