//! A rule's actions as JSON, and back: an order carries them as JSON, and what is sent has to be what
//! was read in every member but the weights. Pure.

use std::collections::HashMap;

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AuthenticateCognitoActionConditionalBehaviorEnum,
    AuthenticateCognitoActionConfig, AuthenticateOidcActionConditionalBehaviorEnum,
    AuthenticateOidcActionConfig, FixedResponseActionConfig, ForwardActionConfig,
    JwtValidationActionAdditionalClaim, JwtValidationActionAdditionalClaimFormatEnum,
    JwtValidationActionConfig, RedirectActionConfig, RedirectActionStatusCodeEnum,
    TargetGroupStickinessConfig, TargetGroupTuple,
};
use serde_json::{Value, json};

use crate::sources::weighted::{number, object, text};

/// The actions as they are sent: what was read, but for two things that AWS wants otherwise. `Err`
/// with the reason when something would be lost.
pub(super) fn to_send(actions: &[Action]) -> Result<Value, String> {
    let sent = actions.iter().map(one_to_send).collect::<Result<Vec<Value>, String>>()?;
    Ok(Value::Array(sent))
}

fn one_to_send(action: &Action) -> Result<Value, String> {
    let kind = action.r#type().map_or("without a type", ActionTypeEnum::as_str);
    let mut action = action.clone();
    if let Some(groups) = listed(&mut action) {
        // Without a weight it is 1; the weights are what is set.
        for tuple in groups.iter_mut() {
            tuple.weight = tuple.weight.or(Some(1));
        }
        // A group beside the list of groups is a mistake, even if it is one of them.
        action.target_group_arn = None;
    }
    // The secret is never shown; without it the one that is there is kept.
    if let Some(oidc) = &mut action.authenticate_oidc_config {
        (oidc.client_secret, oidc.use_existing_client_secret) = (None, Some(true));
    }
    let sent = json_of(&action);
    let faithful = ActionTypeEnum::values().contains(&kind) && of_json(&sent) == action;
    faithful.then_some(sent).ok_or_else(|| {
        format!("the rule has an action ({kind}) that this program cannot send back as it is")
    })
}

/// The groups that an action lists, if it lists any.
fn listed(action: &mut Action) -> Option<&mut Vec<TargetGroupTuple>> {
    let groups = action.forward_config.as_mut()?.target_groups.as_mut()?;
    (!groups.is_empty()).then_some(groups)
}

/// The actions that an order's call describes; nothing when they would not be sent just like that.
pub(super) fn of_call(actions: &Value) -> Option<Vec<Action>> {
    let sent: Vec<Action> = actions.as_array()?.iter().map(of_json).collect();
    let again: Value = sent.iter().map(json_of).collect();
    (again == *actions).then_some(sent)
}

fn json_of(action: &Action) -> Value {
    let oidc = action.authenticate_oidc_config();
    let cognito = action.authenticate_cognito_config();
    object([
        ("Type", action.r#type().map(|kind| json!(kind.as_str()))),
        ("TargetGroupArn", action.target_group_arn().map(Value::from)),
        ("AuthenticateOidcConfig", oidc.map(oidc_json)),
        ("AuthenticateCognitoConfig", cognito.map(cognito_json)),
        ("Order", action.order().map(Value::from)),
        ("RedirectConfig", action.redirect_config().map(redirect_json)),
        ("FixedResponseConfig", action.fixed_response_config().map(fixed_json)),
        ("ForwardConfig", action.forward_config().map(forward_json)),
        ("JwtValidationConfig", action.jwt_validation_config().map(jwt_json)),
    ])
}

fn of_json(value: &Value) -> Action {
    Action::builder()
        .set_type(text(value, "Type").map(|kind| ActionTypeEnum::from(&*kind)))
        .set_target_group_arn(text(value, "TargetGroupArn"))
        .set_authenticate_oidc_config(value.get("AuthenticateOidcConfig").map(oidc))
        .set_authenticate_cognito_config(value.get("AuthenticateCognitoConfig").map(cognito))
        .set_order(number(value, "Order"))
        .set_redirect_config(value.get("RedirectConfig").map(redirect))
        .set_fixed_response_config(value.get("FixedResponseConfig").map(fixed))
        .set_forward_config(value.get("ForwardConfig").map(forward))
        .set_jwt_validation_config(value.get("JwtValidationConfig").map(jwt))
        .build()
}

fn forward_json(config: &ForwardActionConfig) -> Value {
    let group = |tuple: &TargetGroupTuple| {
        object([
            ("TargetGroupArn", tuple.target_group_arn().map(Value::from)),
            ("Weight", tuple.weight().map(Value::from)),
        ])
    };
    let sticky = |config: &TargetGroupStickinessConfig| {
        object([
            ("Enabled", config.enabled().map(Value::from)),
            ("DurationSeconds", config.duration_seconds().map(Value::from)),
        ])
    };
    let groups = config.target_groups.as_ref();
    object([
        ("TargetGroups", groups.map(|list| list.iter().map(group).collect())),
        ("TargetGroupStickinessConfig", config.target_group_stickiness_config().map(sticky)),
    ])
}

fn forward(value: &Value) -> ForwardActionConfig {
    let group = |tuple: &Value| {
        TargetGroupTuple::builder()
            .set_target_group_arn(text(tuple, "TargetGroupArn"))
            .set_weight(number(tuple, "Weight"))
            .build()
    };
    let sticky = |value: &Value| {
        TargetGroupStickinessConfig::builder()
            .set_enabled(value.get("Enabled").and_then(Value::as_bool))
            .set_duration_seconds(number(value, "DurationSeconds"))
            .build()
    };
    let groups = value.get("TargetGroups").and_then(Value::as_array);
    ForwardActionConfig::builder()
        .set_target_groups(groups.map(|list| list.iter().map(group).collect()))
        .set_target_group_stickiness_config(value.get("TargetGroupStickinessConfig").map(sticky))
        .build()
}

fn redirect_json(config: &RedirectActionConfig) -> Value {
    object([
        ("Protocol", config.protocol().map(Value::from)),
        ("Port", config.port().map(Value::from)),
        ("Host", config.host().map(Value::from)),
        ("Path", config.path().map(Value::from)),
        ("Query", config.query().map(Value::from)),
        ("StatusCode", config.status_code().map(|code| json!(code.as_str()))),
    ])
}

fn redirect(value: &Value) -> RedirectActionConfig {
    let code = text(value, "StatusCode").map(|code| RedirectActionStatusCodeEnum::from(&*code));
    RedirectActionConfig::builder()
        .set_protocol(text(value, "Protocol"))
        .set_port(text(value, "Port"))
        .set_host(text(value, "Host"))
        .set_path(text(value, "Path"))
        .set_query(text(value, "Query"))
        .set_status_code(code)
        .build()
}

fn fixed_json(config: &FixedResponseActionConfig) -> Value {
    object([
        ("MessageBody", config.message_body().map(Value::from)),
        ("StatusCode", config.status_code().map(Value::from)),
        ("ContentType", config.content_type().map(Value::from)),
    ])
}

fn fixed(value: &Value) -> FixedResponseActionConfig {
    FixedResponseActionConfig::builder()
        .set_message_body(text(value, "MessageBody"))
        .set_status_code(text(value, "StatusCode"))
        .set_content_type(text(value, "ContentType"))
        .build()
}

/// Without a client secret: it is never shown, and would be written into the audit file.
fn oidc_json(config: &AuthenticateOidcActionConfig) -> Value {
    let existing = config.use_existing_client_secret();
    object([
        ("Issuer", config.issuer().map(Value::from)),
        ("AuthorizationEndpoint", config.authorization_endpoint().map(Value::from)),
        ("TokenEndpoint", config.token_endpoint().map(Value::from)),
        ("UserInfoEndpoint", config.user_info_endpoint().map(Value::from)),
        ("ClientId", config.client_id().map(Value::from)),
        ("SessionCookieName", config.session_cookie_name().map(Value::from)),
        ("Scope", config.scope().map(Value::from)),
        ("SessionTimeout", config.session_timeout().map(Value::from)),
        ("AuthenticationRequestExtraParams", extra(config.authentication_request_extra_params())),
        (
            "OnUnauthenticatedRequest",
            config.on_unauthenticated_request().map(|b| json!(b.as_str())),
        ),
        ("UseExistingClientSecret", existing.map(Value::from)),
    ])
}

fn oidc(value: &Value) -> AuthenticateOidcActionConfig {
    let behaviour = text(value, "OnUnauthenticatedRequest");
    let behaviour =
        behaviour.map(|word| AuthenticateOidcActionConditionalBehaviorEnum::from(&*word));
    AuthenticateOidcActionConfig::builder()
        .set_issuer(text(value, "Issuer"))
        .set_authorization_endpoint(text(value, "AuthorizationEndpoint"))
        .set_token_endpoint(text(value, "TokenEndpoint"))
        .set_user_info_endpoint(text(value, "UserInfoEndpoint"))
        .set_client_id(text(value, "ClientId"))
        .set_session_cookie_name(text(value, "SessionCookieName"))
        .set_scope(text(value, "Scope"))
        .set_session_timeout(number(value, "SessionTimeout"))
        .set_authentication_request_extra_params(extra_of(value))
        .set_on_unauthenticated_request(behaviour)
        .set_use_existing_client_secret(
            value.get("UseExistingClientSecret").and_then(Value::as_bool),
        )
        .build()
}

fn cognito_json(config: &AuthenticateCognitoActionConfig) -> Value {
    object([
        ("UserPoolArn", config.user_pool_arn().map(Value::from)),
        ("UserPoolClientId", config.user_pool_client_id().map(Value::from)),
        ("UserPoolDomain", config.user_pool_domain().map(Value::from)),
        ("SessionCookieName", config.session_cookie_name().map(Value::from)),
        ("Scope", config.scope().map(Value::from)),
        ("SessionTimeout", config.session_timeout().map(Value::from)),
        ("AuthenticationRequestExtraParams", extra(config.authentication_request_extra_params())),
        (
            "OnUnauthenticatedRequest",
            config.on_unauthenticated_request().map(|b| json!(b.as_str())),
        ),
    ])
}

fn cognito(value: &Value) -> AuthenticateCognitoActionConfig {
    let behaviour = text(value, "OnUnauthenticatedRequest");
    let behaviour =
        behaviour.map(|word| AuthenticateCognitoActionConditionalBehaviorEnum::from(&*word));
    AuthenticateCognitoActionConfig::builder()
        .set_user_pool_arn(text(value, "UserPoolArn"))
        .set_user_pool_client_id(text(value, "UserPoolClientId"))
        .set_user_pool_domain(text(value, "UserPoolDomain"))
        .set_session_cookie_name(text(value, "SessionCookieName"))
        .set_scope(text(value, "Scope"))
        .set_session_timeout(number(value, "SessionTimeout"))
        .set_authentication_request_extra_params(extra_of(value))
        .set_on_unauthenticated_request(behaviour)
        .build()
}

fn jwt_json(config: &JwtValidationActionConfig) -> Value {
    let claim = |claim: &JwtValidationActionAdditionalClaim| {
        object([
            ("Format", claim.format().map(|format| json!(format.as_str()))),
            ("Name", claim.name().map(Value::from)),
            ("Values", claim.values.as_ref().map(|values| json!(values))),
        ])
    };
    let claims = config.additional_claims.as_ref();
    object([
        ("JwksEndpoint", config.jwks_endpoint().map(Value::from)),
        ("Issuer", config.issuer().map(Value::from)),
        ("AdditionalClaims", claims.map(|list| list.iter().map(claim).collect())),
    ])
}

fn jwt(value: &Value) -> JwtValidationActionConfig {
    let claim = |value: &Value| {
        let format = text(value, "Format");
        let format = format.map(|word| JwtValidationActionAdditionalClaimFormatEnum::from(&*word));
        let words = value.get("Values").and_then(Value::as_array);
        let words = words.map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned));
        JwtValidationActionAdditionalClaim::builder()
            .set_format(format)
            .set_name(text(value, "Name"))
            .set_values(words.map(Iterator::collect))
            .build()
    };
    let claims = value.get("AdditionalClaims").and_then(Value::as_array);
    JwtValidationActionConfig::builder()
        .set_jwks_endpoint(text(value, "JwksEndpoint"))
        .set_issuer(text(value, "Issuer"))
        .set_additional_claims(claims.map(|list| list.iter().map(claim).collect()))
        .build()
}

/// Names and values, in an order that is always the same: they are compared as JSON.
fn extra(params: Option<&HashMap<String, String>>) -> Option<Value> {
    let mut sorted: Vec<_> = params?.iter().collect();
    sorted.sort();
    let members = sorted.into_iter().map(|(name, value)| (name.clone(), json!(value)));
    Some(Value::Object(members.collect()))
}

fn extra_of(value: &Value) -> Option<HashMap<String, String>> {
    let params = value.get("AuthenticationRequestExtraParams")?.as_object()?;
    let pair = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    Some(params.iter().filter_map(pair).collect())
}
