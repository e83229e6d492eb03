"""What only a laptop needs: an AWS-compatible server and the commands that run the stack."""
