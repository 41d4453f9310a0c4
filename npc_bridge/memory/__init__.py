"""The only door to the database: what NPCs remember, saved states, and the migrations of both."""
