"""NetworkLab: live experiments with hundreds of people, and proof that nothing was lost."""

__version__ = "0.1.0"
