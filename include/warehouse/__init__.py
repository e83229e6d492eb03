"""The warehouse: who may do what there, and the reports that are read from it. Pure: no call to AWS."""
