"""What `latchkey status -o env` writes into .env."""

import os

from dotenv import load_dotenv

load_dotenv()

SUPABASE_URL = os.environ["SUPABASE_URL"]
PUBLISHABLE_KEY = os.environ["SUPABASE_PUBLISHABLE_KEY"]
# May do everything: for servers and scripts, never for an application on a user's device.
SECRET_KEY = os.environ["SUPABASE_SECRET_KEY"]
