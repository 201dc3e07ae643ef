"""What people say: a page on which they compare clips unseen by name, and what their votes come to."""
