"""Integer programs solved by HiGHS so that the result does not depend on the machine."""

import highspy
import pulp

#: where a search is given up; a limit of time would let the result depend on the machine
NODES_MAX = 2000
GAP = 1e-3


class Solver(pulp.HiGHS):  # type: ignore[misc]
    """HiGHS that may stop at a number of nodes: PuLP 3.3 raises KeyError for that status."""

    @classmethod
    def finds(cls, model: pulp.LpProblem) -> bool:
        """Whether a solution was found, which the variables then have."""
        options = {"mip_max_nodes": NODES_MAX, "random_seed": 0}
        model.solve(cls(msg=False, threads=1, gapRel=GAP, **options))
        # `status` is Optimal also where a limit ended the search
        return model.sol_status in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible)

    def findSolutionValues(self, lp: pulp.LpProblem) -> tuple[int, int]:
        """Status and status of the solution, as PuLP calls it."""
        model = lp.solverModel
        if model.getModelStatus() != highspy.HighsModelStatus.kSolutionLimit:
            status: tuple[int, int] = super().findSolutionValues(lp)
            return status
        feasible = highspy.SolutionStatus.kSolutionStatusFeasible
        if model.getInfo().primal_solution_status != feasible:
            return pulp.LpStatusNotSolved, pulp.LpSolutionNoSolutionFound
        solution = list(model.getSolution().col_value)
        for variable in lp.variables():
            variable.varValue = solution[variable.index]
        return pulp.LpStatusOptimal, pulp.LpSolutionIntegerFeasible
