"""`ringbridge demo`: a bridge at work between a GREEN-API and a CRM of our own, and an honest count at the end."""
