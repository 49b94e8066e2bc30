"""What a stack costs in a month, from its synthesized template and a dated price table."""
