"""Everything a tenant may do: one door (access.Core.authenticate), behind it Records, a method a use case."""
