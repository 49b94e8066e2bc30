"""A worker as a service of ECS on Fargate: as many processes as what waits and what is worked on ask for, down to none."""

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from fanout import names
from fanout.constructs.cdk_cache import account_of_stack, of_stack, seconds, stack_of
from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.compute import in_seconds
from fanout.constructs.consumer import Host
from fanout.constructs.worker.arguments import Arguments
from fanout.constructs.worker.consumer import WorkerConsumer
from fanout.constructs.worker.scaling import scale
from fanout.constructs.worker.workers import Workers
from fanout.packaging.image_contents import image_contents
from fanout.project import find_root

ECS_TASKS = iam.ServicePrincipal("ecs-tasks.amazonaws.com")
HEALTH = "/tmp/health.json"


class Fargate(WorkerConsumer):
    """The task role is the task's; the execution role may pull one image and write one log group."""

    KIND = "Fargate"

    def __init__(self, scope: Construct, host: Host, worker: Arguments) -> None:
        super().__init__(host, worker)
        self._scope = scope
        self.log_group = logs.LogGroup(
            scope, "LogGroup", retention=host.settings.log_retention, removal_policy=host.settings.removal_policy
        )
        self.role = iam.Role(scope, "Role", assumed_by=_this_accounts(stack_of(scope)))
        self._let_work(self.role)

    def start(self, circuit_breaker: CircuitBreaker | None) -> None:
        self._guard(circuit_breaker)
        vpc = self._worker.vpc
        self.service = ecs.FargateService(
            self._scope,
            "Service",
            cluster=of_stack(self._scope, "cluster of its workers", _cluster)
            if vpc is None
            else _cluster_in(self._scope, vpc),
            task_definition=self._definition(),
            desired_count=self._worker.min_workers or None,
            assign_public_ip=vpc is None or not (vpc.private_subnets or vpc.isolated_subnets),
            min_healthy_percent=0
            if self._host.ordered
            else 100,  # two workers of one queue are no harm but where one is meant
            max_healthy_percent=200,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            capacity_provider_strategies=[ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=1)]
            if self._worker.spot
            else None,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
            enable_execute_command=False,
        )
        self.service_names = (self.service.cluster.cluster_name, self.service.service_name)
        scale(self._scope, self.service, self._host.queue, self._worker)

    def _definition(self) -> ecs.FargateTaskDefinition:
        execution = iam.Role(self._scope, "ExecutionRole", assumed_by=_this_accounts(stack_of(self._scope)))
        definition = ecs.FargateTaskDefinition(
            self._scope,
            "Definition",
            cpu=self._worker.cpu,
            memory_limit_mib=self._worker.memory_mib,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64, operating_system_family=ecs.OperatingSystemFamily.LINUX
            ),
            task_role=self.role,
            execution_role=execution,
            volumes=[ecs.Volume(name="tmp")],
        )
        image = ecr_assets.DockerImageAsset(
            self._scope,
            "Image",
            directory=str(image_contents(find_root(), self._host.task)),
            platform=ecr_assets.Platform.LINUX_ARM64,
        )
        container = definition.add_container(
            "Worker",
            image=ecs.ContainerImage.from_docker_image_asset(image),
            environment=self._variables,
            logging=ecs.LogDriver.aws_logs(stream_prefix=self._host.task, log_group=self.log_group),
            readonly_root_filesystem=True,
            stop_timeout=seconds(in_seconds(self._worker.grace)),
            health_check=ecs.HealthCheck(
                command=["CMD", "python", "-m", "fanout.worker.health", HEALTH],
                interval=seconds(30),
                retries=3,
                start_period=seconds(60),
            ),
        )
        container.add_mount_points(ecs.MountPoint(container_path="/tmp", source_volume="tmp", read_only=False))
        return definition

    def outputs(self) -> dict[str, str]:
        assert self.log_group is not None
        return {
            names.SERVICE_ARN_OUTPUT: self.service.service_arn,
            names.LOG_GROUP_OUTPUT: self.log_group.log_group_name,
        }


def _this_accounts(stack: Stack) -> iam.IPrincipal:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#create_task_iam_policy_and_role"""
    ours = {
        "StringEquals": {"aws:SourceAccount": account_of_stack(stack)},
        "ArnLike": {"aws:SourceArn": stack.format_arn(service="ecs", resource="*")},
    }
    return ECS_TASKS.with_conditions(ours)


def _cluster(stack: Stack) -> ecs.Cluster:
    """Of the stack, in a VPC of its own: public subnets, so that nothing is paid for while no worker runs."""
    scope = Workers(stack, "Workers")
    vpc = ec2.Vpc(
        scope,
        "Vpc",
        max_azs=2,
        nat_gateways=0,
        subnet_configuration=[ec2.SubnetConfiguration(name="Workers", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=20)],
        restrict_default_security_group=False,
    )
    return ecs.Cluster(scope, "Cluster", vpc=vpc, enable_fargate_capacity_providers=True)


def _cluster_in(scope: Construct, vpc: ec2.IVpc) -> ecs.Cluster:
    return ecs.Cluster(scope, "Cluster", vpc=vpc, enable_fargate_capacity_providers=True)
